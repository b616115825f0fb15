// POST /api/files: multipart 流式上传; 字节从 uWS 的缓冲直接拷进写入块, 中间不留副本

import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import type { Sessions } from '../chat/sessions.js';
import type { IncomingFile } from '../files/incoming-file.js';
import type { Intake } from '../files/intake.js';
import { toBroadcast } from '../protocol/codec.js';
import { AppError } from '../protocol/errors.js';
import { cleanUserName } from '../protocol/user-name.js';
import { Exchange, type ReportInternal } from './http.js';
import { MultipartReader } from './multipart.js';
import type { OriginRules } from './origin.js';

export interface UploadRouteOptions {
  /** 单个文件的上限 (字节), 也是一次请求的上限 (外加表单自身的开销) */
  readonly fileBytes: number;
  readonly filesPerRequest: number;
  /** 同时进行的请求数 */
  readonly maxActive: number;
}

export interface UploadRouteParts {
  readonly intake: Intake;
  readonly sessions: Sessions;
  readonly origins: OriginRules;
  readonly stopping: () => boolean;
  readonly reportInternal: ReportInternal;
}

interface RequestFacts {
  readonly contentType: string;
  readonly contentLength: number;
  readonly origin: string;
  /** 由会话得出的名字; 没有会话时看表单的 name 字段 */
  readonly sessionName: string | undefined;
}

// 表单自身 (边界, 各段的头, name 字段) 的余量
const FORM_OVERHEAD_BYTES = 1024 * 1024;

export class UploadRoute {
  readonly #options: UploadRouteOptions;
  readonly #parts: UploadRouteParts;
  readonly #active = new Set<FormUpload>();

  constructor(options: UploadRouteOptions, parts: UploadRouteParts) {
    this.#options = options;
    this.#parts = parts;
  }

  handle(res: HttpResponse, req: HttpRequest): void {
    const exchange = new Exchange(res);
    try {
      const facts = this.#examine(req);
      const form = new FormUpload(exchange, facts, this.#options.filesPerRequest, this.#parts, () =>
        this.#active.delete(form),
      );
      this.#active.add(form);
      form.receive();
    } catch (error) {
      exchange.refuse(error, this.#parts.reportInternal);
    }
  }

  /** 停机: 半途的请求不可续传, 删净 */
  async stop(): Promise<void> {
    await Promise.all([...this.#active].map((form) => form.fail(new AppError('server_stopping'))));
  }

  // 在体移动之前能拒绝的都在这里拒绝; req 在第一个 await 之后失效, 所以一次读完
  #examine(req: HttpRequest): RequestFacts {
    const header = (name: string): string => req.getHeader(name);
    if (this.#parts.stopping()) throw new AppError('server_stopping');
    if (this.#active.size >= this.#options.maxActive) throw new AppError('server_busy');
    this.#parts.origins.requireAllowed(header);
    const contentLength = Number(header('content-length') || 0);
    const { fileBytes } = this.#options;
    if (contentLength > fileBytes + FORM_OVERHEAD_BYTES) {
      throw new AppError('file_too_large', { facts: { limit: fileBytes } });
    }
    const contentType = header('content-type');
    if (!/^multipart\/form-data\s*;/i.test(contentType)) {
      throw new AppError('invalid_field', { detail: '需要 multipart/form-data' });
    }
    const origin = this.#parts.origins.recipient(header);
    return { contentType, contentLength, origin, sessionName: this.#sessionName(header('authorization')) };
  }

  #sessionName(authorization: string): string | undefined {
    if (authorization === '') return undefined;
    const token = /^Bearer\s+(\S+)$/i.exec(authorization)?.[1];
    const session = token === undefined ? undefined : this.#parts.sessions.find(token);
    if (session === undefined) throw new AppError('unauthorized');
    return session.name;
  }
}

/** 一次请求: 逐个文件推入, 收完后先全部校验再全部发布 */
class FormUpload {
  readonly #exchange: Exchange;
  readonly #facts: RequestFacts;
  readonly #parts: UploadRouteParts;
  readonly #reader: MultipartReader;
  readonly #files: IncomingFile[] = [];
  readonly #ended: () => void;
  #name: string | undefined;
  #paused = false;
  #failed = false;

  constructor(
    exchange: Exchange,
    facts: RequestFacts,
    maxFiles: number,
    parts: UploadRouteParts,
    ended: () => void,
  ) {
    this.#exchange = exchange;
    this.#facts = facts;
    this.#parts = parts;
    this.#ended = ended;
    this.#name = facts.sessionName;
    this.#reader = new MultipartReader(facts.contentType, maxFiles, {
      field: (name, value, truncated) => this.#guard(() => this.#field(name, value, truncated)),
      file: (fileName, mimeType) => {
        const file = this.#guard(() => this.#openFile(fileName, mimeType));
        return (bytes) => this.#guard(() => file?.push(bytes));
      },
      close: () => void this.#complete(),
      reject: (detail) => void this.fail(new AppError('invalid_field', { detail })),
    });
  }

  receive(): void {
    this.#exchange.onAbort = () => void this.fail(new AppError('internal', { detail: '对方已离开' }));
    this.#exchange.res.onData((data, isLast) => this.#feed(data, isLast));
    // 与接收并行: 明知放不下就不必收完
    this.#parts.intake.checkSpace(this.#facts.contentLength).catch((error: unknown) => void this.fail(error));
  }

  /** 删净已收下的, 再应答错误; 可重复调用 */
  async fail(error: unknown): Promise<void> {
    if (this.#failed) return;
    this.#failed = true;
    await Promise.all(this.#files.map((file) => file.abort()));
    this.#ended();
    this.#exchange.refuse(error, this.#parts.reportInternal);
    this.#reader.destroy();
  }

  #feed(data: ArrayBuffer, isLast: boolean): void {
    if (this.#failed) return;
    this.#reader.feed(Buffer.from(data));
    if (isLast) this.#reader.end();
    else this.#throttle();
  }

  // 磁盘跟不上: 暂停读取请求体, 最多再来一块 (512 KiB)。写入总会完成或失败, 所以总会恢复
  #throttle(): void {
    if (this.#paused || this.#failed || !this.#congested()) return;
    this.#paused = true;
    this.#exchange.res.pause();
  }

  #congested(): boolean {
    return this.#files.at(-1)?.congested ?? false;
  }

  #progressed(): void {
    if (!this.#paused || this.#congested() || this.#exchange.over) return;
    this.#paused = false;
    this.#exchange.res.resume();
  }

  #field(name: string, value: string, truncated: boolean): void {
    // 有会话的, 名字以会话为准
    if (name !== 'name' || this.#facts.sessionName !== undefined) return;
    if (truncated) throw new AppError('name_invalid');
    this.#name = cleanUserName(value);
  }

  #openFile(fileName: string, mimeType: string): IncomingFile {
    if (this.#name === undefined) {
      throw new AppError('invalid_field', { detail: 'name 字段须在文件之前', facts: { field: 'name' } });
    }
    const file = this.#parts.intake.open(this.#name, fileName, mimeType);
    file.onProgress = () => this.#progressed();
    this.#files.push(file);
    return file;
  }

  async #complete(): Promise<void> {
    if (this.#failed) return;
    try {
      if (this.#files.length === 0) throw new AppError('invalid_field', { detail: '没有文件' });
      for (const file of this.#files) await file.verify();
      // 校验期间对方走了: fail 已经删净
      if (this.#failed) return;
      const messages = [];
      for (const file of this.#files) messages.push(toBroadcast(await file.publish(), this.#facts.origin));
      this.#ended();
      this.#exchange.json(201, { files: messages });
    } catch (error) {
      await this.fail(error);
    }
  }

  // 解析器的回调里不能抛错: 会变成它内部的 error 事件, 丢了原来的错误码
  #guard<T>(task: () => T): T | undefined {
    if (this.#failed) return undefined;
    try {
      return task();
    } catch (error) {
      void this.fail(error);
      return undefined;
    }
  }
}
