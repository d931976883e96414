/** What went wrong and what to do, in the reader's language; and the net under each page. */
import { Alert, Button } from 'antd';
import { Component, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api/http';
import { useLanguage } from '../app/site';

export function ErrorNote({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const known = error instanceof ApiError;
  return (
    <Alert
      type="error"
      showIcon
      role="alert"
      data-testid="error"
      title={known ? error.text(language) : t('app.failed')}
      description={known ? fieldErrors(error) : t('app.failedHint')}
      action={onRetry && <Button onClick={onRetry}>{t('app.retry')}</Button>}
    />
  );
}

function fieldErrors(error: ApiError): ReactNode {
  const fields = Object.entries(error.body.fields ?? {});
  if (fields.length === 0) return null;
  return (
    <ul className="plain">
      {fields.map(([field, text]) => (
        <li key={field}>
          {field}: {text}
        </li>
      ))}
    </ul>
  );
}

/** Keeps a fault in one part of the page from taking the rest, above all the phone, with it. */
export class Net extends Component<{ children: ReactNode; name: string }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return <Fallen onRetry={() => this.setState({ failed: false })} />;
  }
}

function Fallen({ onRetry }: { onRetry: () => void }) {
  const { t } = useTranslation();
  return (
    <Alert
      type="error"
      showIcon
      className="fallen"
      title={t('app.failed')}
      description={t('app.failedHint')}
      action={<Button onClick={onRetry}>{t('app.retry')}</Button>}
    />
  );
}
