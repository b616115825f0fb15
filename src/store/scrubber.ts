// 后台校验 (scrub): 趁闲把已发布的文件一个一个慢慢读回来核对 SHA-256, 坏了的标出来不再送出
//   resting --到时候--> scrubbing --查完一遍--> resting;  忙的时候停着, stop() 随时结束
import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FileRecord } from '../protocol/messages.js';
import { isMissing } from './disk-errors.js';
import type { HashPool } from './hash-pool.js';
import type { ScrubLog, ScrubState } from './scrub-state.js';
import type { SoundCopies } from './sound-copies.js';
import type { StorageFolder } from './storage-folder.js';
import { readStored } from './stored-record.js';

export interface ScrubOptions {
  /** 0 则不查 */
  readonly bytesPerSecond: number;
  /** 两遍的间隔 */
  readonly intervalMs: number;
}

export interface ScrubParts {
  readonly folder: StorageFolder;
  readonly hashes: HashPool;
  readonly copies: SoundCopies;
  readonly state: ScrubState;
  /** 上次问过之后, 收发忙不忙 */
  readonly busy: () => boolean;
  readonly log: ScrubLog;
}

// 启动之后先让人重新连上 (毫秒)
const START_MS = 2000;
// 一步读这么多 (字节): 再小, 线程间的消息比读还贵
const STEP_BYTES = 1024 * 1024;
// 小文件也按这么多计: 一秒不会打开几千个
const LEAST_BYTES = 64 * 1024;
// 忙的时候隔这么久再看 (毫秒)
const BUSY_MS = 1000;
// 出了错隔这么久再来 (毫秒): 日志里至多每十分钟一行
const TROUBLE_MS = 600_000;
// 隔多久记一次查到哪里 (毫秒): 重启之后至多重查这么久的量
const SAVE_MS = 30_000;
// 一次至多睡这么久 (毫秒): setTimeout 的上限约 24 天, 而间隔可以更长
const MAX_SLEEP_MS = 3_600_000;

export class Scrubber {
  readonly #options: ScrubOptions;
  readonly #parts: ScrubParts;
  readonly #aborting = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #savedAtMs = 0;

  constructor(options: ScrubOptions, parts: ScrubParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** 开始; 从不抛错 */
  start(): void {
    if (this.#options.bytesPerSecond > 0) this.#running = this.#run();
  }

  /** 兑现时不再读盘, 查到哪里已经存下 */
  async stop(): Promise<void> {
    this.#aborting.abort();
    await this.#running;
    await this.#parts.state.stop();
  }

  async #run(): Promise<void> {
    const { signal } = this.#aborting;
    let waitMs = START_MS;
    while (!signal.aborted) {
      try {
        await this.#sleep(waitMs);
        await this.#rest();
        await this.#once();
        waitMs = 0;
      } catch (error) {
        // 停机是正常的结束; 别的 (没有句柄, 盘一时读不了) 歇一阵从查到的地方再来, 不能影响服务
        if (signal.aborted) return;
        this.#parts.log.warn({ err: error, retryMs: TROUBLE_MS }, '后台校验出错, 过一会儿接着查');
        waitMs = TROUBLE_MS;
      }
    }
  }

  async #once(): Promise<void> {
    const { state, log } = this.#parts;
    const counts = await this.#pass();
    await this.#forgetGone();
    state.finished(Date.now());
    log.info({ ...counts, damaged: state.damagedCount }, '后台校验查完一遍');
  }

  async #rest(): Promise<void> {
    const { state } = this.#parts;
    // 没查完的一遍接着查
    if (state.after !== '') return;
    for (;;) {
      const restMs = state.finishedAt + this.#options.intervalMs - Date.now();
      // 时钟往回拨过: 至多等一个间隔
      if (restMs <= 0 || restMs > this.#options.intervalMs) return;
      await this.#sleep(Math.min(restMs, MAX_SLEEP_MS));
    }
  }

  async #pass(): Promise<{ checked: number; skipped: number }> {
    const { folder, state } = this.#parts;
    const ids = (await folder.listFiles()).sort().filter((fileId) => fileId > state.after);
    // 有几个名字的内容这一遍只查一次
    const seen = new Set<number>();
    const counts = { checked: 0, skipped: 0 };
    for (const fileId of ids) {
      const isChecked = await this.#checkFile(fileId, seen);
      counts[isChecked ? 'checked' : 'skipped'] += 1;
      state.passed(fileId);
      this.#saveSometimes();
    }
    return counts;
  }

  // 标过的已经删了, 或换成了别的; 同一份内容还有别的名字的, 换那个名字接着标: 治好一个名字, 别的仍是坏的
  async #forgetGone(): Promise<void> {
    const { folder, state } = this.#parts;
    const gone = new Set<number>();
    for (const { inode, name } of state.marks) {
      if ((await inodeOf(folder.file(name))) !== inode) gone.add(inode);
    }
    // 平时到此为止: 看遍全部文件只在治好过之后
    if (gone.size === 0) return;
    for (const name of await folder.listFileNames()) {
      this.#aborting.signal.throwIfAborted();
      const inode = await inodeOf(folder.file(name));
      if (inode === undefined || !gone.delete(inode)) continue;
      state.rename(inode, name);
    }
    for (const inode of gone) state.forget(inode);
  }

  // 返回查没查: 没有元数据的, 刚删掉的, 读不出的略过
  async #checkFile(fileId: string, seen: Set<number>): Promise<boolean> {
    const { folder, log } = this.#parts;
    try {
      const record = (await readStored(folder.meta(fileId)))?.record;
      if (record === undefined) return false;
      const file = folder.file(path.basename(record.path));
      const before = await stat(file);
      if (before.nlink > 1 && seen.has(before.ino)) return true;
      if (before.nlink > 1) seen.add(before.ino);
      const actual = await this.#read(file, before, record);
      // 读的时候被人换过: 下一遍再说
      if (isSame(before, await stat(file))) this.#judge(file, before, record, actual);
      return true;
    } catch (error) {
      if (this.#aborting.signal.aborted) throw error;
      if (!isMissing(error)) log.warn({ fileId, err: error }, '后台校验读不出这个文件, 略过');
      return false;
    }
  }

  /** 坏扇区与大小不对的是 undefined */
  async #read(file: string, { size }: Stats, record: FileRecord): Promise<string | undefined> {
    await this.#pace(Math.min(size, LEAST_BYTES));
    if (size !== record.size) return undefined;
    const hash = this.#parts.hashes.start(file);
    try {
      for (let offset = STEP_BYTES; offset < size; offset += STEP_BYTES) {
        hash.advance(offset);
        await this.#pace(STEP_BYTES);
      }
      return await hash.digest(size);
    } catch (error) {
      hash.close();
      if (error instanceof Error && /\bEIO\b/.test(error.message)) return undefined;
      throw error;
    }
  }

  #judge(file: string, stats: Stats, { size, sha256 }: FileRecord, actual: string | undefined): void {
    const { state, copies, log } = this.#parts;
    copies.learn(stats, actual);
    if (actual === sha256) {
      state.forget(stats.ino);
      return;
    }
    // 只在头一次说
    if (!state.mark(stats, path.basename(file))) return;
    log.error(
      { file, size, foundSize: stats.size, expected: sha256, actual },
      '后台校验: 磁盘上的文件与它的记录不符, 不再送出 (file_damaged); 由备份放回, 或请人再发一次同样的文件',
    );
  }

  // 先按速率等, 再等到不忙
  async #pace(bytes: number): Promise<void> {
    await this.#sleep((Math.max(bytes, LEAST_BYTES) / this.#options.bytesPerSecond) * 1000);
    while (this.#parts.busy()) await this.#sleep(BUSY_MS);
  }

  #saveSometimes(): void {
    const nowMs = performance.now();
    if (nowMs - this.#savedAtMs < SAVE_MS) return;
    this.#savedAtMs = nowMs;
    this.#parts.state.save();
  }

  // 不拦住进程退出
  #sleep(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.#aborting.signal, ref: false });
  }
}

// 没有了则 undefined
async function inodeOf(file: string): Promise<number | undefined> {
  return (await stat(file).catch(() => undefined))?.ino;
}

function isSame(before: Stats, now: Stats): boolean {
  return before.ino === now.ino && before.size === now.size && before.mtimeMs === now.mtimeMs;
}
