/** The real phone: JsSIP over WebSocket to the PBX, one call at a time, sound through one audio element. */
import { C, UA, WebSocketInterface } from 'jssip';
import type { RTCSession } from 'jssip/lib/RTCSession';
import type { RTCSessionEvent } from 'jssip/lib/UA';
import type { SipPhone } from '../wire';
import type { Ending, PhoneDriver, PhoneEvents } from './driver';

/** Waiting longer for more ICE candidates only delays the call: hosts come first and are enough in a LAN. */
const CANDIDATES_MS = 400;
const REGISTER_EVERY_S = 120;
const MEDIA = {
  audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  video: false,
};
const PEER: RTCConfiguration = { iceServers: [], bundlePolicy: 'max-bundle' };

const ENDINGS: Record<string, Ending> = {
  [C.causes.BYE]: 'normal',
  [C.causes.CANCELED]: 'canceled',
  [C.causes.NO_ANSWER]: 'no_answer',
  [C.causes.EXPIRES]: 'no_answer',
  [C.causes.USER_DENIED_MEDIA_ACCESS]: 'media',
  [C.causes.WEBRTC_ERROR]: 'media',
  [C.causes.CONNECTION_ERROR]: 'network',
  [C.causes.REQUEST_TIMEOUT]: 'network',
  [C.causes.RTP_TIMEOUT]: 'network',
  [C.causes.REJECTED]: 'rejected',
  [C.causes.BUSY]: 'busy',
  [C.causes.UNAVAILABLE]: 'failed',
};

export class SipDriver implements PhoneDriver {
  private ua: UA | null = null;
  private session: RTCSession | null = null;
  private events: PhoneEvents | null = null;
  private readonly audio = new Audio();

  start(phone: SipPhone, events: PhoneEvents): void {
    this.stop();
    this.events = events;
    this.audio.autoplay = true;
    const ua = new UA({
      sockets: [new WebSocketInterface(phone.ws_url)],
      uri: phone.uri,
      password: phone.password,
      display_name: phone.display_name,
      register: true,
      register_expires: REGISTER_EVERY_S,
      session_timers: false,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 8,
      user_agent: 'Hydrophone',
    });
    ua.on('registered', () => events.onRegistration('registered'));
    ua.on('unregistered', () => events.onRegistration('connecting'));
    ua.on('registrationFailed', () => events.onRegistration('failed'));
    ua.on('connecting', () => events.onRegistration('connecting'));
    ua.on('disconnected', () => {
      if (this.ua === ua) events.onRegistration('failed');
    });
    ua.on('newRTCSession', (event: RTCSessionEvent) => this.onSession(event));
    this.ua = ua;
    events.onRegistration('connecting');
    ua.start();
  }

  stop(): void {
    const ua = this.ua;
    this.ua = null;
    ua?.stop();
    this.audio.srcObject = null;
  }

  answer(): void {
    this.session?.answer({ mediaConstraints: MEDIA as MediaStreamConstraints, pcConfig: PEER });
  }

  hangUp(): void {
    const session = this.session;
    if (session && !session.isEnded()) session.terminate();
  }

  setMuted(muted: boolean): void {
    if (muted) this.session?.mute({ audio: true });
    else this.session?.unmute({ audio: true });
  }

  setHeld(held: boolean): void {
    if (held) this.session?.hold();
    else this.session?.unhold();
  }

  dial(target: string): void {
    this.ua?.call(target, { mediaConstraints: MEDIA as MediaStreamConstraints, pcConfig: PEER });
  }

  key(digit: string): void {
    if (!this.session?.isEstablished()) return;
    this.session.sendDTMF(digit, {
      transportType: C.DTMF_TRANSPORT.RFC2833,
      duration: 120,
      interToneGap: 80,
    });
  }

  private onSession({ originator, session }: RTCSessionEvent): void {
    if (this.session !== null) {
      session.terminate({ status_code: 486, reason_phrase: 'Busy Here' });
      return;
    }
    this.session = session;
    this.follow(session);
    if (originator === 'remote') this.events?.onInvite();
  }

  private follow(session: RTCSession): void {
    const events = this.events;
    session.on('peerconnection', ({ peerconnection }) => this.hear(peerconnection));
    // For our own calls the connection is there before we can listen for it.
    if (session.connection) this.hear(session.connection);
    session.on('icecandidate', ({ ready }) => {
      setTimeout(ready, CANDIDATES_MS);
    });
    session.on('progress', () => events?.onProgress());
    session.on('accepted', () => events?.onTalking());
    session.on('ended', ({ cause }) => this.over(session, cause));
    session.on('failed', ({ cause }) => this.over(session, cause));
    session.on('muted', () => events?.onMuted(true));
    session.on('unmuted', () => events?.onMuted(false));
    session.on('hold', ({ originator }) => originator === 'local' && events?.onHeld(true));
    session.on('unhold', ({ originator }) => originator === 'local' && events?.onHeld(false));
  }

  private hear(connection: RTCPeerConnection): void {
    connection.addEventListener('track', ({ streams, track }) => {
      const stream = streams[0] ?? new MediaStream([track]);
      this.audio.srcObject = stream;
      // Refused only while the page was never touched; the answer button is a touch.
      void this.audio.play().catch(() => undefined);
      this.events?.onSound(stream);
    });
  }

  private over(session: RTCSession, cause: string): void {
    if (session !== this.session) return;
    this.session = null;
    this.audio.srcObject = null;
    this.events?.onEnded(ENDINGS[cause] ?? 'failed');
  }
}
