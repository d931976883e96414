/** How loud the other side is: shows that sound arrives even when the speakers are off. */
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';

const SENSITIVITY = 4;

export function SoundLevel({ stream }: { stream: MediaStream | null }) {
  const { t } = useTranslation();
  const bar = useRef<HTMLMeterElement>(null);
  useEffect(() => {
    if (stream === null) return;
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 512;
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let frame = 0;
    const draw = () => {
      analyser.getFloatTimeDomainData(samples);
      const loud = Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
      if (bar.current) bar.current.value = Math.min(1, loud * SENSITIVITY);
      frame = requestAnimationFrame(draw);
    };
    draw();
    return () => {
      cancelAnimationFrame(frame);
      void context.close();
    };
  }, [stream]);
  return (
    <meter
      ref={bar}
      className="sound"
      min={0}
      max={1}
      value={0}
      aria-label={t('phone.level')}
      data-testid="phone-level"
    />
  );
}
