/** Virtual time: timers that fire when the test says so, in order. */
export class Time {
  now = 0;
  private waiting: { at: number; then: () => void }[] = [];

  after = (ms: number, then: () => void): (() => void) => {
    const entry = { at: this.now + ms, then };
    this.waiting.push(entry);
    return () => {
      this.waiting = this.waiting.filter(each => each !== entry);
    };
  };

  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const next = this.waiting.filter(each => each.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.waiting = this.waiting.filter(each => each !== next);
      this.now = next.at;
      next.then();
    }
    this.now = end;
  }

  get pending(): number {
    return this.waiting.length;
  }
}
