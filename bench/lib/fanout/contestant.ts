// 一家参赛者: 它的服务器与听众, 同生共死; 灌坏了可以重来
//   closed --open()--> ready --close()--> closed
import type { Options } from '../options.js';
import type { ServerProcess } from '../server-process.js';
import { StorageFolder } from '../storage-folder.js';
import { Audience, type FanoutRun } from './audience.js';
import type { DialectName } from './dialect.js';
import type { Schedule } from './job.js';

/** 正文的长度 (字节) */
export const MESSAGE_BYTES = 120;
/** 人到齐之后再跑这么久: 每人一次的那部分也热了 */
const WARM_UP = { ratePerSecond: 200, durationMs: 1000 };

export interface Entry {
  readonly label: string;
  readonly dialect: DialectName;
  /** storage: 这一台的存储目录, 不用的不理会 */
  readonly launch: (storage: string) => Promise<ServerProcess>;
}

export class Contestant {
  readonly entry: Entry;
  readonly receivers: number;
  readonly #options: Options;
  #stage:
    | { readonly server: ServerProcess; readonly audience: Audience; readonly storage: StorageFolder }
    | undefined;
  #opened = 0;

  constructor(options: Options, entry: Entry, receivers: number) {
    this.#options = options;
    this.entry = entry;
    this.receivers = receivers;
  }

  get label(): string {
    return this.entry.label;
  }

  async open(): Promise<void> {
    this.#opened += 1;
    const { dialect, launch } = this.entry;
    const parent = this.#options.storage ?? this.#options.work;
    const storage = new StorageFolder(
      this.#options,
      parent,
      `fanout-${dialect}-${this.receivers}-${this.#opened}`,
    );
    const server = await launch(storage.path);
    try {
      const audience = await Audience.gather(server, dialect, this.receivers);
      this.#stage = { server, audience, storage };
    } catch (error) {
      await server.stop();
      storage.remove();
      throw error;
    }
    await this.run(WARM_UP);
  }

  /** 一段; jitterMs 与 offsetMs 缺省为 0 */
  run(
    schedule: Omit<Schedule, 'jitterMs' | 'offsetMs' | 'messageBytes'> & Partial<Schedule>,
  ): Promise<FanoutRun> {
    if (this.#stage === undefined) throw new Error(`${this.label} 还没有启动`);
    return this.#stage.audience.run({ jitterMs: 0, offsetMs: 0, messageBytes: MESSAGE_BYTES, ...schedule });
  }

  /** 换一台新的: 上一段的积压与断开的人不带进下一段 */
  async reopen(): Promise<void> {
    await this.close();
    await this.open();
  }

  async close(): Promise<void> {
    const stage = this.#stage;
    this.#stage = undefined;
    if (stage === undefined) return;
    await stage.audience.close();
    await stage.server.stop();
    stage.storage.remove();
  }
}

/** 逐轮交替 (A B C, C B A ...) */
export async function interleave<T>(
  rounds: number,
  each: readonly T[],
  measure: (one: T) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (const one of round % 2 === 0 ? each : [...each].reverse()) await measure(one);
  }
}
