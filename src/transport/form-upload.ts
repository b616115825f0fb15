// POST /api/files 的一次请求: multipart 的字节从 uWS 的缓冲直接拷进写入块, 中间不留副本
import type { Signature } from '../chat/sessions.js';
import type { IncomingFile } from '../files/incoming-file.js';
import type { Intake } from '../files/intake.js';
import type { KeyedRun } from '../files/keyed-requests.js';
import type { Party } from '../files/ports.js';
import { toBroadcast } from '../protocol/codec.js';
import { AppError } from '../protocol/errors.js';
import type { FileEntry, FileRecord, Recipient } from '../protocol/messages.js';
import type { Reserved } from '../quota/daily-share.js';
import type { AddressQuota } from '../quota/ports.js';
import { BodyClock } from './body-clock.js';
import type { Exchange, ReportInternal } from './http.js';
import { MultipartReader } from './multipart.js';

export interface FormParts {
  readonly intake: Intake;
  readonly quota: AddressQuota;
  readonly reportInternal: ReportInternal;
}

export interface FormLimits {
  readonly fileBytes: number;
  readonly filesPerRequest: number;
  /** 多久没有新字节就拒绝 (毫秒) */
  readonly idleTimeoutMs: number;
}

/** 表单自身 (边界, 各段的头, name 字段) 的余量: 一次请求至多 fileBytes 加上它 */
export const FORM_OVERHEAD_BYTES = 1024 * 1024;

export interface RequestFacts {
  readonly contentType: string;
  readonly contentLength: number;
  /** 应答里的文件给谁看 */
  readonly recipient: Recipient;
  readonly party: Party;
  /**
   * 以谁的名义: 有会话的不看 field (表单的 name 字段)。占住的名字由表单放开。
   * 错误: invalid_field (都没有), name_invalid, name_taken
   */
  readonly sign: (field: string | undefined) => Signature;
  /** 带了 Idempotency-Key 的, 以这个名字开始; 错误: invalid_field, request_in_progress */
  readonly keyed: ((name: string) => KeyedRun) | undefined;
}

/**
 * 一次请求: 逐个文件推入, 收完后先全部校验再全部发布。结局只定一次 (#ending):
 *   receiving --收完, 全部校验通过--> publishing --> 201
 *       \------- 出错, 对方离开, 停机 -------> abandoning --> 错误应答
 */
export class FormUpload {
  readonly #exchange: Exchange;
  readonly #facts: RequestFacts;
  readonly #parts: FormParts;
  readonly #reader: MultipartReader;
  readonly #files: IncomingFile[] = [];
  readonly #ended: () => void;
  readonly #maxBytes: number;
  readonly #idleTimeoutMs: number;
  /** publishing 或 abandoning; 兑现时磁盘上已没有半个文件 */
  #ending: Promise<void> | undefined;
  #body: 'flowing' | 'paused' | 'complete' = 'flowing';
  /** 请求体已到的字节, 含表单自身 */
  #receivedBytes = 0;
  /** 表单的 name 字段 */
  #nameField: string | undefined;
  /** 第一个文件起才有 */
  #sender: Signature | undefined;
  /** 带了幂等键的, 从第一个文件起占着那个键 */
  #run: KeyedRun | undefined;
  #clock: BodyClock | undefined;
  #isLeaving = false;
  /** 今天的份额: 做完放开, 发布了的各自另记 */
  #reserved: Reserved | undefined;

  constructor(
    exchange: Exchange,
    facts: RequestFacts,
    { fileBytes, filesPerRequest, idleTimeoutMs }: FormLimits,
    parts: FormParts,
    ended: () => void,
  ) {
    this.#exchange = exchange;
    this.#facts = facts;
    this.#parts = parts;
    this.#ended = () => {
      this.#clock?.stop();
      ended();
    };
    this.#maxBytes = fileBytes + FORM_OVERHEAD_BYTES;
    this.#idleTimeoutMs = idleTimeoutMs;
    this.#reader = new MultipartReader(facts.contentType, filesPerRequest, {
      field: (name, value) => this.#guard(() => this.#field(name, value)),
      file: (fileName, mimeType) => {
        const file = this.#guard(() => this.#openFile(fileName, mimeType));
        return (bytes) => this.#guard(() => file?.push(bytes));
      },
      close: () => void this.#complete(),
      reject: (error) => void this.fail(error),
    });
  }

  receive(): void {
    this.#exchange.onAbort = () => void this.fail(new AppError('internal', { detail: '对方已离开' }));
    this.#exchange.receive((data, isLast) => this.#feed(data, isLast));
    this.#clock = new BodyClock(this.#exchange, this.#idleTimeoutMs, (error) => void this.fail(error));
    // 与接收并行: 明知放不下就不必收完。没有声明长度的不知道还剩多少, 由逐块的检查把守
    const remaining = (): number => Math.max(0, this.#facts.contentLength - this.#receivedBytes);
    this.#reserved = this.#guard(() => this.#reserve());
    this.#parts.intake.checkSpace(remaining).catch((error: unknown) => void this.fail(error));
  }

  /** 已决定拒绝, 正在删净 */
  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  /** 请求体这么久没有字节了 (毫秒) */
  get quietMs(): number {
    return this.#ending === undefined ? (this.#clock?.quietMs ?? 0) : 0;
  }

  // 没有声明长度的, 按一次请求的上限占住
  #reserve(): Reserved {
    const { contentLength, party } = this.#facts;
    return this.#parts.intake.reserve(party, contentLength || this.#maxBytes);
  }

  /** 删净已收下的, 再应答错误; 可重复调用。已开始发布的不能只发一半: 等它做完 */
  fail(error: unknown): Promise<void> {
    this.#ending ??= this.#abandon(error);
    return this.#ending;
  }

  #feed(data: ArrayBuffer, isLast: boolean): void {
    if (this.#ending !== undefined) return;
    this.#clock?.arrived(isLast);
    this.#receivedBytes += data.byteLength;
    // 没有声明长度 (chunked) 的请求到这里才知道过大; 单个文件的上限由 push 逐字节把守
    if (this.#receivedBytes > this.#maxBytes) {
      void this.fail(new AppError('file_too_large', { facts: { limit: this.#maxBytes } }));
      return;
    }
    if (isLast) this.#resume('complete');
    this.#reader.feed(Buffer.from(data));
    if (isLast) this.#reader.end();
    else this.#throttle();
  }

  // 磁盘跟不上: 暂停读取请求体, 最多再来一块 (512 KiB)。写入总会完成或失败, 所以总会恢复
  #throttle(): void {
    if (this.#body !== 'flowing' || this.#ending !== undefined || !this.#congested()) return;
    this.#body = 'paused';
    this.#exchange.pause();
  }

  #congested(): boolean {
    return this.#files.at(-1)?.congested ?? false;
  }

  #progressed(): void {
    // 已决定拒绝的请求要一直停着, 不能被迟到的写入进展恢复
    if (this.#body !== 'paused' || this.#ending !== undefined || this.#congested()) return;
    this.#resume('flowing');
  }

  // 停着时收到的可能就是最后一块: 也要恢复, 否则这条连接上的下一个请求没有人读
  #resume(next: 'flowing' | 'complete'): void {
    if (this.#body === 'paused') this.#exchange.resume();
    this.#body = next;
  }

  #field(name: string, value: () => string): void {
    if (name === 'name') this.#nameField = value();
  }

  #openFile(fileName: string, mimeType: string): IncomingFile {
    this.#sender ??= this.#facts.sign(this.#nameField);
    const { name, from } = this.#sender;
    // 没有会话的以名字区分, 所以到这里才知道是谁的键
    this.#run ??= this.#facts.keyed?.(name);
    // 每个文件是一条消息
    this.#parts.quota.spend(this.#facts.party.visitor, 'messages');
    const file = this.#parts.intake.open({ ...this.#facts.party, from }, name, fileName, mimeType);
    file.onProgress = () => this.#progressed();
    this.#files.push(file);
    return file;
  }

  async #complete(): Promise<void> {
    const records: FileRecord[] = [];
    try {
      if (this.#ending !== undefined) return;
      if (this.#files.length === 0) throw new AppError('invalid_field', { detail: '没有文件' });
      for (const file of this.#files) records.push(await file.verify());
    } catch (error) {
      await this.fail(error);
      return;
    }
    // 校验期间对方走了, 或正在停机: 由 #abandon 删净
    this.#ending ??= this.#publish(records);
    await this.#ending;
  }

  // 从这里起对方离开也不回头: 广播过的收不回来
  async #publish(records: readonly FileRecord[]): Promise<void> {
    try {
      const earlier = (await this.#run?.settle(records)) ?? [];
      const messages = [];
      for (const [index, file] of this.#files.entries()) {
        const entry = await publishOnce(file, earlier[index]);
        messages.push({ ...toBroadcast(entry, this.#facts.recipient), ...file.renamed });
      }
      this.#finish();
      this.#exchange.json(201, { files: messages });
    } catch (error) {
      // 磁盘出错, 或幂等键用在了别的内容上: 已发布的留下, 其余删净
      await this.#discard();
      this.#finish();
      this.#exchange.fail(error, this.#parts.reportInternal);
    }
  }

  async #abandon(error: unknown): Promise<void> {
    this.#isLeaving = true;
    this.#clock?.stop();
    // 清理期间余下的还会来, 读到就丢
    this.#exchange.drop();
    await this.#discard();
    this.#reader.destroy();
    this.#finish();
    this.#exchange.refuse(error, this.#parts.reportInternal);
  }

  // 应答之前就放开: 对方一收到应答就可以用同一个键再来
  #finish(): void {
    this.#run?.end();
    this.#sender?.held.release();
    this.#reserved?.release();
    this.#ended();
  }

  // 删不掉的 (磁盘出错) 只记录: 启动时的对账会再清一次
  async #discard(): Promise<void> {
    const results = await Promise.allSettled(this.#files.map((file) => file.abort()));
    for (const result of results) {
      if (result.status === 'rejected') this.#parts.reportInternal(result.reason);
    }
  }

  // 解析器的回调里不能抛错: 会变成它内部的 error 事件, 丢了原来的错误码
  #guard<T>(task: () => T): T | undefined {
    if (this.#ending !== undefined) return undefined;
    try {
      return task();
    } catch (error) {
      void this.fail(error);
      return undefined;
    }
  }
}

// 重发的而从前播过的: 丢掉这次收下的一份, 给出原来的那一条
async function publishOnce(file: IncomingFile, earlier: FileEntry | undefined): Promise<FileEntry> {
  if (earlier === undefined) return file.publish();
  await file.abort();
  return earlier;
}
