/** Whether this browser's phone can be called, and if not, what to do. */
import { AudioMutedOutlined, PhoneOutlined, SoundOutlined } from '@ant-design/icons';
import { Button, Tooltip } from 'antd';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { agentPhone } from '../phone/agentPhone';
import { usePhone } from '../phone/store';

export function PhoneBadge() {
  const { t } = useTranslation();
  const { registration, microphone, soundBlocked } = usePhone();
  useWakeBell(soundBlocked);
  if (microphone === 'blocked' || microphone === 'missing' || microphone === 'insecure') {
    return (
      <Tooltip title={t(`sip.mic_${microphone}Hint`)}>
        <span className="badge bad" role="status" data-testid="phone-status" data-state={microphone}>
          <AudioMutedOutlined /> {t(`sip.mic_${microphone}`)}
        </span>
      </Tooltip>
    );
  }
  if (registration === 'registered' && soundBlocked) {
    return (
      <Tooltip title={t('sip.soundBlocked')}>
        <Button
          size="small"
          icon={<SoundOutlined />}
          onClick={() => void agentPhone()?.wakeBell()}
          data-testid="sound-on"
        >
          {t('sip.soundOn')}
        </Button>
      </Tooltip>
    );
  }
  const tone = registration === 'registered' ? 'good' : registration === 'failed' ? 'bad' : 'busy';
  return (
    <Tooltip title={registration === 'failed' ? t('sip.failedHint') : ''}>
      <span className={`badge ${tone}`} role="status" data-testid="phone-status" data-state={registration}>
        <PhoneOutlined /> {t(`sip.${registration}`)}
      </span>
    </Tooltip>
  );
}

/** Browsers give sound only after a touch: any touch will do. */
function useWakeBell(blocked: boolean): void {
  useEffect(() => {
    if (!blocked) return;
    const wake = () => void agentPhone()?.wakeBell();
    window.addEventListener('pointerdown', wake);
    window.addEventListener('keydown', wake);
    return () => {
      window.removeEventListener('pointerdown', wake);
      window.removeEventListener('keydown', wake);
    };
  }, [blocked]);
}
