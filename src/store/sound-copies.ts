// 已存的那一份还完好吗: 引用它之前读一遍核对, 记住结果; 没变过的不再读
import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { isMissing } from './disk-errors.js';
import type { HashPool } from './hash-pool.js';

/** 记录里的大小与散列 */
export interface Expected {
  readonly size: number;
  readonly sha256: string;
}

export interface SoundCopiesLog {
  warn(fields: object, message: string): void;
}

/** 核对时的样子; 之后没变过, 结论就还算数 */
interface Seen {
  readonly stats: Stats;
  /** 读出来的散列; 读不出则 undefined。正在读的由大家一起等 */
  readonly actual: Promise<string | undefined>;
}

// 记住最近核对过的份数; 忘掉的再用到时重读一遍
const MAX_SEEN = 4096;

export class SoundCopies {
  readonly #hashes: HashPool;
  readonly #log: SoundCopiesLog;
  /** 查出坏了的: 从此也不再送出 */
  readonly #damaged: (file: string, stats: Stats) => void;
  /** 按 inode: 同一份内容的各个名字只核对一次 */
  readonly #seen = new Map<number, Seen>();

  constructor(
    hashes: HashPool,
    log: SoundCopiesLog,
    damaged: (file: string, stats: Stats) => void = () => {},
  ) {
    this.#hashes = hashes;
    this.#log = log;
    this.#damaged = damaged;
  }

  /** 本进程刚写下并校验过的: 不必再读。不抛错; 副作用: 记下它此刻的样子 */
  async trust(file: string, { size, sha256 }: Expected): Promise<void> {
    // 看不到就没记住: 用到时再读一遍而已
    const stats = await stat(file).catch(() => undefined);
    if (stats?.size === size) this.#remember({ stats, actual: Promise.resolve(sha256) });
  }

  /** 后台校验刚读过的; 坏扇区读不出则 undefined */
  learn(stats: Stats, actual: string | undefined): void {
    this.#remember({ stats, actual: Promise.resolve(actual) });
  }

  /** 内容与记录一致。2.5 GB 第一次约两秒 (在校验线程里读)。不抛错: 读不出的算不一致, 记进日志 */
  async isSound(file: string, expected: Expected): Promise<boolean> {
    try {
      const stats = await stat(file);
      const known = this.#seen.get(stats.ino);
      const seen = known !== undefined && isSame(known.stats, stats) ? known.actual : undefined;
      const actual = seen ?? this.#check(file, stats, expected);
      // 硬链接的建立与删除也改 ctime: 跟上它
      this.#remember({ stats, actual });
      return (await actual) === expected.sha256;
    } catch (error) {
      // 刚被保留期或管理员删掉: 没有可引用的而已
      if (!isMissing(error)) this.#log.warn({ file, err: error }, '核对不了已存的文件, 不引用它');
      return false;
    }
  }

  async #check(file: string, stats: Stats, expected: Expected): Promise<string | undefined> {
    const actual = await this.#read(file, stats, expected);
    if (actual === expected.sha256) return actual;
    this.#damaged(file, stats);
    this.#log.warn(
      { file, size: stats.size, expected: expected.sha256, actual },
      '磁盘上的文件与它的记录不符, 不再引用与送出它; 停机后运行 npm run doctor -- --hashes 查看',
    );
    return actual;
  }

  async #read(file: string, stats: Stats, { size }: Expected): Promise<string | undefined> {
    if (!stats.isFile() || stats.size !== size) return undefined;
    try {
      return await this.#hashes.start(file).digest(size);
    } catch (error) {
      // 坏扇区, 或校验线程没了: 下次再试
      this.#seen.delete(stats.ino);
      throw error;
    }
  }

  #remember(seen: Seen): void {
    // 抛错的由等它的人处理, 不能成为进程级的未处理拒绝
    seen.actual.catch(() => {});
    this.#seen.delete(seen.stats.ino);
    this.#seen.set(seen.stats.ino, seen);
    if (this.#seen.size <= MAX_SEEN) return;
    const oldest = this.#seen.keys().next().value;
    if (oldest !== undefined) this.#seen.delete(oldest);
  }
}

// 大小与修改时间都没变; ctime 变了只能是因为名字多了或少了一个
function isSame(before: Stats, now: Stats): boolean {
  const unchanged = before.size === now.size && before.mtimeMs === now.mtimeMs;
  return unchanged && (before.ctimeMs === now.ctimeMs || before.nlink !== now.nlink);
}
