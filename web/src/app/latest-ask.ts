// 一次只认最后一问: 换了问题, 先前的应答与错误迟到了都不算
import { RequestError } from '../net/requests.js';

export interface AskEvents<T> {
  answered(reply: T): void;
  failed(error: RequestError): void;
}

export class LatestAsk {
  #turn = 0;

  /** 先前问的都不再算数, 也不问新的 */
  forget(): void {
    this.#turn += 1;
  }

  /** 不抛错: 别的错误也成为 RequestError; 回调里的错误算作这一问失败 */
  async ask<T>(send: () => Promise<T>, events: AskEvents<T>): Promise<void> {
    this.forget();
    const turn = this.#turn;
    try {
      const reply = await send();
      if (turn === this.#turn) events.answered(reply);
    } catch (error) {
      const known =
        error instanceof RequestError ? error : new RequestError('internal', false, String(error));
      if (turn === this.#turn) events.failed(known);
    }
  }
}
