/** The ring: two soft tones in the rhythm of a phone, made by WebAudio so that no file has to load first. */

const PERIOD_S = 3;
const TONES_HZ: readonly [number, number] = [440, 554];
const LOUDNESS = 0.12;

export class Ringer {
  private context: AudioContext | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;
  private sounding: OscillatorNode[] = [];

  /** Whether the browser still refuses sound because the page was never touched. */
  get blocked(): boolean {
    return this.context !== null && this.context.state === 'suspended';
  }

  /** Get ready; call it again from a click to lift the browser's refusal. */
  async prepare(): Promise<void> {
    this.context ??= new AudioContext();
    if (this.context.state === 'suspended') await Promise.race([this.context.resume(), pause(300)]);
  }

  start(): void {
    this.stop();
    this.burst();
    this.timer = setInterval(() => this.burst(), PERIOD_S * 1000);
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    for (const tone of this.sounding) tone.stop();
    this.sounding = [];
  }

  private burst(): void {
    const context = this.context;
    if (context === null || context.state !== 'running') return;
    const now = context.currentTime;
    this.sounding = [0, 0.45].flatMap(at => TONES_HZ.map(hz => tone(context, hz, now + at, 0.4)));
  }
}

function tone(context: AudioContext, hz: number, at: number, length_s: number): OscillatorNode {
  const oscillator = context.createOscillator();
  const gain = context.createGain();
  oscillator.frequency.value = hz;
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(LOUDNESS, at + 0.03);
  gain.gain.setValueAtTime(LOUDNESS, at + length_s - 0.08);
  gain.gain.linearRampToValueAtTime(0, at + length_s);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(at);
  oscillator.stop(at + length_s);
  return oscillator;
}

function pause(ms: number): Promise<void> {
  return new Promise(done => {
    setTimeout(done, ms);
  });
}
