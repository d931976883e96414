/** Whether there is a microphone and we may use it: asked for before the first call, not during it. */

export type Microphone = 'unknown' | 'ok' | 'blocked' | 'missing' | 'insecure';

export async function askForMicrophone(): Promise<Microphone> {
  if (!navigator.mediaDevices?.getUserMedia) return 'insecure';
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    for (const track of stream.getTracks()) track.stop();
    return 'ok';
  } catch (error) {
    return error instanceof DOMException && error.name === 'NotFoundError' ? 'missing' : 'blocked';
  }
}
