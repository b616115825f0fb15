// GET 与 HEAD /files/UUID.ext, GET /files/UUID/thumb: 条件请求, 单段 Range, 安全头

import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import contentDisposition from 'content-disposition';
import { isInlineType } from '../files/policy.js';
import type { BlobReader } from '../files/ports.js';
import { AppError } from '../protocol/errors.js';
import type { FileRecord } from '../protocol/messages.js';
import { type DownloadPlan, sendBlob } from './download.js';
import { Exchange, endHead, isFresh, type ReportInternal, sendNotModified, writeHead } from './http.js';
import { parseRange } from './range.js';

const FILE_NAME = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?:\.[a-z0-9]{1,16})?$/;

interface Conditions {
  readonly range: string;
  readonly ifNoneMatch: string;
  readonly ifRange: string;
  readonly forceDownload: boolean;
  readonly headOnly: boolean;
}

export class DownloadRoute {
  readonly #blobs: BlobReader;
  readonly #maxActive: number;
  readonly #report: ReportInternal;
  #active = 0;

  constructor(blobs: BlobReader, maxActive: number, report: ReportInternal) {
    this.#blobs = blobs;
    this.#maxActive = maxActive;
    this.#report = report;
  }

  /** 正在发送的下载数; 停机时等它们发完 */
  get active(): number {
    return this.#active;
  }

  file(res: HttpResponse, req: HttpRequest, headOnly: boolean): void {
    const exchange = new Exchange(res);
    // req 在第一个 await 之后失效, 要用的先取出来
    const name = req.getParameter(0);
    const conditions: Conditions = {
      // HEAD 没有范围可言 (RFC 9110 第 14.2 节: 只对 GET 有定义)
      range: headOnly ? '' : req.getHeader('range'),
      ifNoneMatch: req.getHeader('if-none-match'),
      ifRange: req.getHeader('if-range'),
      forceDownload: req.getQuery('download') === '1',
      headOnly,
    };
    this.#serve(exchange, name, conditions).catch((error: unknown) =>
      exchange.fail(error, this.#report, headOnly),
    );
  }

  thumb(res: HttpResponse, req: HttpRequest, headOnly: boolean): void {
    const exchange = new Exchange(res);
    const fileId = req.getParameter(0);
    const ifNoneMatch = req.getHeader('if-none-match');
    this.#serveThumb(exchange, fileId, ifNoneMatch, headOnly).catch((error: unknown) =>
      exchange.fail(error, this.#report, headOnly),
    );
  }

  async #serve(exchange: Exchange, name: string, conditions: Conditions): Promise<void> {
    const record = await this.#record(name);
    const etag = `"${record.sha256}"`;
    const headers = { ...fileHeaders(record, conditions.forceDownload), ETag: etag };
    if (isFresh(conditions.ifNoneMatch, etag)) {
      respondNotModified(exchange, headers);
      return;
    }
    const plan = planRange(record, headers, etag, conditions);
    if (plan === undefined) {
      respondUnsatisfiable(exchange, record.size);
      return;
    }
    if (conditions.headOnly || plan.length === 0) respondHead(exchange, plan);
    else await this.#stream(exchange, record, plan);
  }

  // 读缓冲每个下载 1 MiB: 个数有界, 内存才有界
  async #stream(exchange: Exchange, record: FileRecord, plan: DownloadPlan): Promise<void> {
    if (this.#active >= this.#maxActive) throw new AppError('server_busy');
    this.#active += 1;
    try {
      const blob = await this.#blobs.open(record.id);
      if (blob === undefined) throw new AppError('not_found');
      await sendBlob(exchange, blob, plan);
    } finally {
      this.#active -= 1;
    }
  }

  async #record(name: string): Promise<FileRecord> {
    const fileId = FILE_NAME.exec(name)?.[1];
    const record = fileId === undefined ? undefined : await this.#blobs.find(fileId);
    // 扩展名也要对得上: 一个文件只有一个地址
    if (record === undefined || record.path !== `/files/${name}`) throw new AppError('not_found');
    return record;
  }

  async #serveThumb(
    exchange: Exchange,
    fileId: string,
    ifNoneMatch: string,
    headOnly: boolean,
  ): Promise<void> {
    if (!FILE_NAME.test(fileId)) throw new AppError('not_found');
    const record = await this.#blobs.find(fileId);
    const etag = record === undefined ? '' : `"thumb-${record.sha256}"`;
    const headers = { ...SECURITY_HEADERS, 'Content-Type': 'image/webp', ETag: etag };
    if (record?.thumbPath !== undefined && isFresh(ifNoneMatch, etag)) {
      respondNotModified(exchange, headers);
      return;
    }
    const bytes = await this.#blobs.thumbnail(fileId);
    if (bytes === undefined) throw new AppError('not_found');
    if (exchange.over) return;
    exchange.finish();
    exchange.res.cork(() => {
      writeHead(exchange.res, 200, headers);
      if (headOnly) endHead(exchange.res, bytes.byteLength);
      else exchange.res.end(bytes);
    });
  }
}

// 用户上传的内容: 不猜类型, 不执行任何东西, 即使被直接打开
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "sandbox; default-src 'none'",
  // 地址里是 UUID, 内容从不改变
  'Cache-Control': 'private, max-age=31536000, immutable',
};

function fileHeaders(record: FileRecord, forceDownload: boolean): Record<string, string> {
  const inline = !forceDownload && isInlineType(record.mimeType);
  const charset = record.mimeType.startsWith('text/') ? '; charset=utf-8' : '';
  return {
    ...SECURITY_HEADERS,
    'Accept-Ranges': 'bytes',
    'Content-Type': record.mimeType + charset,
    'Content-Disposition': disposition(record.originalName, inline),
  };
}

// 总是给出 filename*: 库只在名字非 ASCII 时才给, 而契约对所有名字都要求它
function disposition(name: string, inline: boolean): string {
  // 后备名只用 ASCII: 库会留下 é 之类的 latin1 字符, 而 uWS 把头写成 UTF-8, 到对面就成了乱码
  const fallback = name.replace(/[^\x20-\x7e]/gu, '_');
  const value = contentDisposition(name, { type: inline ? 'inline' : 'attachment', fallback });
  return value.includes('filename*=') ? value : `${value}; filename*=UTF-8''${encodeRfc5987(name)}`;
}

// RFC 5987 的 attr-char 不含这几个, encodeURIComponent 却不转它们
function encodeRfc5987(value: string): string {
  return encodeURIComponent(value).replace(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** 单段范围 -> 206, 没有或多段 -> 200 全文, 不可满足 -> undefined */
function planRange(
  record: FileRecord,
  headers: Readonly<Record<string, string>>,
  etag: string,
  { range, ifRange }: Conditions,
): DownloadPlan | undefined {
  const whole: DownloadPlan = { status: 200, headers, start: 0, length: record.size };
  // If-Range 不符: 内容变了 (或是日期形式, 我们不发 Last-Modified), 给全文
  if (range === '' || (ifRange !== '' && ifRange !== etag)) return whole;
  const part = parseRange(range, record.size);
  if (part === 'unsatisfiable') return undefined;
  if (part === 'whole') return whole;
  return {
    status: 206,
    headers: { ...headers, 'Content-Range': `bytes ${part.start}-${part.end}/${record.size}` },
    start: part.start,
    length: part.end - part.start + 1,
  };
}

function respondHead(exchange: Exchange, plan: DownloadPlan): void {
  if (exchange.over) return;
  exchange.finish();
  exchange.res.cork(() => {
    writeHead(exchange.res, plan.status, plan.headers);
    endHead(exchange.res, plan.length);
  });
}

function respondNotModified(exchange: Exchange, headers: Readonly<Record<string, string>>): void {
  if (exchange.over) return;
  exchange.finish();
  sendNotModified(exchange.res, headers);
}

function respondUnsatisfiable(exchange: Exchange, size: number): void {
  if (exchange.over) return;
  exchange.finish();
  exchange.res.cork(() => {
    // 不带文件的那套头: 那里的 immutable 会让缓存把这个错误留一年
    writeHead(exchange.res, 416, { 'Content-Range': `bytes */${size}`, 'Cache-Control': 'no-store' });
    endHead(exchange.res, 0);
  });
}
