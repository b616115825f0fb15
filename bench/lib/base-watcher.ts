// 只懂基础协议的旁听者: 风暴里每个人的进与出, 各看到几次
import { digitsAt } from './frame-scan.js';
import { joinLight } from './light-member.js';
import { PeakRate } from './room-listener.js';
import { STORM_PREFIX } from './talk-job.js';
import type { Target } from './target.js';
import type { WebSocketClient } from './websocket-client.js';

const JOIN = Buffer.from('"action":"join"');
const NAME = Buffer.from(`"name":"${STORM_PREFIX}`);

export class BaseWatcher {
  readonly joined: Uint8Array;
  readonly left: Uint8Array;
  readonly frames = new PeakRate();
  #client: WebSocketClient | undefined;

  private constructor(people: number) {
    this.joined = new Uint8Array(people);
    this.left = new Uint8Array(people);
  }

  static async join(target: Target, name: string, people: number): Promise<BaseWatcher> {
    const watcher = new BaseWatcher(people);
    const { client } = await joinLight(
      { target, name, features: undefined },
      {
        onFrame(kind, payload) {
          watcher.frames.add(performance.now(), 1);
          if (kind === 'presence') watcher.#count(payload);
        },
      },
    );
    watcher.#client = client;
    return watcher;
  }

  get isOpen(): boolean {
    return this.#client?.isOpen === true;
  }

  close(): void {
    this.#client?.close();
  }

  #count(payload: Buffer): void {
    const at = payload.indexOf(NAME);
    if (at < 0) return;
    const person = digitsAt(payload, at + NAME.length);
    const seen = payload.indexOf(JOIN) >= 0 ? this.joined : this.left;
    seen[person]! += 1;
  }
}
