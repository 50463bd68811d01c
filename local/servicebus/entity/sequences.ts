/**
 * Sequence numbers of the messages that wait for a receiver, lowest first. New messages arrive in order at the end;
 * an abandoned one goes back to its place, which is nearly always close to the front.
 */
export class Sequences {
  private list: number[] = [];
  private head = 0;

  add(sequence: number): void {
    const last = this.list.at(-1);
    if (this.head === this.list.length || last === undefined || sequence > last) {
      this.list.push(sequence);
      return;
    }
    const place = this.placeOf(sequence);
    if (this.head > 0) {
      this.list.copyWithin(this.head - 1, this.head, place);
      this.list[place - 1] = sequence;
      this.head--;
    } else {
      this.list.splice(place, 0, sequence);
    }
  }

  /** The lowest, without taking it. */
  get first(): number | undefined {
    return this.list[this.head];
  }

  take(): number | undefined {
    if (this.head === this.list.length) return undefined;
    const sequence = this.list[this.head++];
    if (this.head >= 1024 && this.head * 2 >= this.list.length) {
      this.list = this.list.slice(this.head);
      this.head = 0;
    }
    return sequence;
  }

  private placeOf(sequence: number): number {
    let low = this.head;
    let high = this.list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.list[middle] ?? 0) < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
