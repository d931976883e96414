/** What callers said after the tone. The sound is fetched when somebody wants to hear it: each hearing is audited. */
import { PlayCircleOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Button } from 'antd';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import * as api from '../../api/endpoints';
import { useTimes } from '../../app/site';
import { ErrorNote } from '../../components/Errors';
import type { MessageView } from '../../wire';

export function Messages({ ticket }: { ticket: string }) {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery({
    queryKey: ['messages', ticket],
    queryFn: () => api.messages(ticket),
  });
  const items = data?.items ?? [];
  if (error) return <ErrorNote error={error} onRetry={() => void refetch()} />;
  if (items.length === 0) return null;
  return (
    <>
      <h3>{t('messages.title')}</h3>
      <ul className="plain" data-testid="ticket-messages">
        {items.map(one => (
          <Message key={one.id} message={one} />
        ))}
      </ul>
    </>
  );
}

function Message({ message }: { message: MessageView }) {
  const { t, i18n } = useTranslation();
  const times = useTimes();
  const [url, keep] = useState<string>();
  const [error, fail] = useState<unknown>();
  useEffect(() => () => (url ? URL.revokeObjectURL(url) : undefined), [url]);
  const hear = async () => {
    try {
      const sound = await api.message(message.id);
      const bytes = Uint8Array.from(atob(sound.data), character => character.charCodeAt(0));
      keep(URL.createObjectURL(new Blob([bytes], { type: sound.media_type })));
      fail(undefined);
    } catch (refused) {
      fail(refused);
    }
  };
  const purpose = `messages.purpose_${message.purpose}`;
  return (
    <li className="message" data-testid="message">
      <b>{i18n.exists(purpose) ? t(purpose as never) : message.purpose}</b>{' '}
      <time dateTime={message.at}>{times.stamp(message.at)}</time> ·{' '}
      {t('messages.seconds', { s: message.seconds })}{' '}
      {url ? (
        // biome-ignore lint/a11y/useMediaCaption: a caller's own words, of which there is no text
        <audio controls autoPlay src={url} />
      ) : (
        <Button
          size="small"
          icon={<PlayCircleOutlined />}
          onClick={() => void hear()}
          data-testid="message-hear"
        >
          {t('messages.hear')}
        </Button>
      )}
      {error !== undefined && <ErrorNote error={error} />}
    </li>
  );
}
