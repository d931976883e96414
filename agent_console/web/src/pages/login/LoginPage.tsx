/** Who are you? The first thing anybody sees, in both languages. */
import { Alert, Button, Form, Input, type InputRef } from 'antd';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'wouter';
import { useSession } from '../../app/session';
import { useLanguage, useSite } from '../../app/site';
import { START } from '../../app/start';
import { Brand } from '../../components/Brand';
import { ErrorNote } from '../../components/Errors';
import { LanguageSwitch } from '../../components/LanguageSwitch';

export default function LoginPage() {
  const { t } = useTranslation();
  const site = useSite();
  const name = useLanguage() === 'zh' ? site.name_zh : site.name_en;
  return (
    <div className="login">
      <header className="login-top">
        <Brand />
        <LanguageSwitch />
      </header>
      <main className="login-card">
        <p className="login-site">{name}</p>
        <h1>{t('login.title')}</h1>
        <p className="muted">
          {t('login.tagline')}
          {site.hotline && <> · {t('login.hotline', { number: site.hotline })}</>}
        </p>
        <LoginForm />
      </main>
      {site.demo_phone && (
        <footer className="login-foot">
          <Link href="/phone">{t('login.tryPhone')}</Link>
        </footer>
      )}
    </div>
  );
}

interface Credentials {
  user: string;
  password: string;
}

function LoginForm() {
  const { t } = useTranslation();
  const { state, logIn } = useSession();
  const [, go] = useLocation();
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const first = useRef<InputRef>(null);
  const [form] = Form.useForm<Credentials>();
  useEffect(() => first.current?.focus(), []);

  const submit = async ({ user, password }: Credentials) => {
    setBusy(true);
    setError(null);
    try {
      const session = await logIn(user.trim(), password);
      go(START[session.role], { replace: true });
    } catch (refused) {
      setError(refused);
      form.setFieldValue('password', '');
      form.focusField('password');
    } finally {
      setBusy(false);
    }
  };

  return (
    <Form
      form={form}
      layout="vertical"
      onFinish={values => void submit(values)}
      requiredMark={false}
      size="large"
    >
      {state.kind === 'nobody' && state.expired && error === null && (
        <Alert type="info" showIcon title={t('login.expired')} className="gap-below" />
      )}
      <Form.Item
        name="user"
        label={t('login.user')}
        rules={[{ required: true, message: t('login.needUser') }]}
      >
        <Input
          ref={first}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={64}
          data-testid="login-user"
        />
      </Form.Item>
      <Form.Item
        name="password"
        label={t('login.password')}
        rules={[{ required: true, message: t('login.needPassword') }]}
      >
        <Input.Password autoComplete="current-password" maxLength={256} data-testid="login-password" />
      </Form.Item>
      {error !== null && (
        <div className="gap-below">
          <ErrorNote error={error} />
        </div>
      )}
      <Button type="primary" htmlType="submit" block loading={busy} data-testid="login-submit">
        {t('login.submit')}
      </Button>
    </Form>
  );
}
