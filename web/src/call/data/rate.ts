import type { Kind } from "./message";

interface Allowance {
  /** So many at once. */
  burst: number;
  perSecond: number;
}

/** What one sender may send; a part of a file is taken only where it was asked for. */
const ALLOWED: Record<Kind, Allowance> = {
  chat: { burst: 20, perSecond: 2 },
  line: { burst: 40, perSecond: 10 },
  reaction: { burst: 5, perSecond: 0.5 },
  offer: { burst: 20, perSecond: 1 },
  withdrawn: { burst: 20, perSecond: 1 },
  wanted: { burst: 100, perSecond: 50 },
  part: { burst: 20_000, perSecond: 10_000 },
  poll: { burst: 20, perSecond: 1 },
  vote: { burst: 20, perSecond: 2 },
};

/** How many messages of each kind one sender has left. */
export class Rates {
  readonly #left = new Map<Kind, { at: number; tokens: number }>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Whether one more may come now. */
  take(kind: Kind): boolean {
    const { burst, perSecond } = ALLOWED[kind];
    const now = this.#now();
    const before = this.#left.get(kind) ?? { at: now, tokens: burst };
    const tokens = Math.min(burst, before.tokens + ((now - before.at) / 1000) * perSecond);
    this.#left.set(kind, { at: now, tokens: tokens >= 1 ? tokens - 1 : tokens });
    return tokens >= 1;
  }
}
