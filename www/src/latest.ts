/**
 * Questions that come faster than answers: one is under way at a time, and of those that come meanwhile
 * only the newest is asked next. What is asked after `stop` is never taken.
 */
export class Latest<Q, A> {
  private busy = false;
  private waiting: { readonly question: Q } | null = null;
  private stopped = false;

  constructor(
    private readonly answer: (question: Q) => Promise<A>,
    private readonly take: (answer: A, question: Q) => void,
  ) {}

  ask(question: Q): void {
    if (this.stopped) return;
    if (this.busy) this.waiting = { question };
    else void this.work(question);
  }

  stop(): void {
    this.stopped = true;
    this.waiting = null;
  }

  private async work(question: Q): Promise<void> {
    this.busy = true;
    for (let next: { readonly question: Q } | null = { question }; next !== null; ) {
      const asked: Q = next.question;
      const answer = await this.answer(asked);
      if (this.stopped) return;
      this.take(answer, asked);
      next = this.waiting;
      this.waiting = null;
    }
    this.busy = false;
  }
}
