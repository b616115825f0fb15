// 从文件取一块字节: 顺着读时用流, 反复使用交来的内存, 不产生等待回收的垃圾 (实测少几十 MB)

export interface BlockSource {
  /**
   * start 起 length 字节 (须在文件之内)。spare 是可以再用的内存, 长至少 length, 交出后不得再用。
   * 一次只能有一个在进行。错误: 文件读不了时为 DOMException
   */
  take(start: number, length: number, spare: ArrayBuffer): Promise<Uint8Array<ArrayBuffer>>;
}

// 浏览器只在打开流时比对修改时间: 隔一阵重开, 传到一半被改动的文件早些发现
const REOPEN_BYTES = 64 * 1024 * 1024;

export function openSource(file: Blob): BlockSource {
  return supportsByob(file)
    ? new StreamSource(file)
    : { take: (start, length) => slice(file, start, length) };
}

// Safari 的 Blob 流还没有 byob
function supportsByob(file: Blob): boolean {
  try {
    void file.slice(0, 0).stream().getReader({ mode: 'byob' }).cancel();
    return true;
  } catch {
    // TypeError: 不支持
    return false;
  }
}

async function slice(file: Blob, start: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await file.slice(start, start + length).arrayBuffer());
}

// Chromium 的 Blob 流对读不了的文件只说 TypeError: network error
function unreadable(error: unknown): never {
  throw new DOMException(error instanceof Error ? error.message : String(error), 'NotReadableError');
}

class StreamSource implements BlockSource {
  readonly #file: Blob;
  #reader: ReadableStreamBYOBReader | undefined;
  #openedAt = 0;
  /** 流读到哪里 */
  #position = 0;

  constructor(file: Blob) {
    this.#file = file;
  }

  async take(start: number, length: number, spare: ArrayBuffer): Promise<Uint8Array<ArrayBuffer>> {
    const reader = this.#readerAt(start);
    let buffer = spare;
    let filled = 0;
    while (filled < length) {
      // buffer 随读取转走, 由 value 带回来
      const { value } = await reader.read(new Uint8Array(buffer, filled, length - filled)).catch(unreadable);
      if (value === undefined || value.length === 0) break;
      buffer = value.buffer;
      filled += value.length;
    }
    this.#position = start + filled;
    return new Uint8Array(buffer, 0, filled);
  }

  #readerAt(start: number): ReadableStreamBYOBReader {
    const isFresh = start - this.#openedAt < REOPEN_BYTES;
    if (this.#reader !== undefined && this.#position === start && isFresh) return this.#reader;
    // 旧的流不再需要; 它的错误 (若有) 已经由 take 抛出
    this.#reader?.cancel().catch(() => {});
    this.#position = start;
    this.#openedAt = start;
    this.#reader = this.#file.slice(start).stream().getReader({ mode: 'byob' });
    return this.#reader;
  }
}
