/** Takes bytes from a stream in the portions that a protocol has, not in those that arrive. */
export class ByteReader {
  private readonly chunks: AsyncIterator<Uint8Array>;
  private rest: Uint8Array = new Uint8Array(0);

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.chunks = stream[Symbol.asyncIterator]();
  }

  /** The next `count` bytes, in a new array; undefined where the stream ends before. */
  async take(count: number): Promise<Uint8Array | undefined> {
    const taken = new Uint8Array(count);
    let filled = 0;
    while (filled < count) {
      if (this.rest.length === 0 && !(await this.fill())) return undefined;
      const part = this.rest.subarray(0, count - filled);
      taken.set(part, filled);
      filled += part.length;
      this.rest = this.rest.subarray(part.length);
    }
    return taken;
  }

  /** The bytes before the next `end`, which is skipped; undefined where the stream ends before. */
  async until(end: number): Promise<Uint8Array | undefined> {
    const parts: number[] = [];
    for (;;) {
      const at = this.rest.indexOf(end);
      parts.push(...this.rest.subarray(0, at < 0 ? this.rest.length : at));
      if (at >= 0) {
        this.rest = this.rest.subarray(at + 1);
        return Uint8Array.from(parts);
      }
      if (!(await this.fill())) return undefined;
    }
  }

  private async fill(): Promise<boolean> {
    const { value, done } = await this.chunks.next();
    if (done) return false;
    this.rest = value;
    return true;
  }
}
