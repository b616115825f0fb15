// 缩略图: 由 sharp 在它自己的线程里做, 一次一张, 做一次存下来
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import { AppError } from '../protocol/errors.js';
import { isMissing } from './disk-errors.js';

export interface ThumbnailOptions {
  /** 输入图片的像素上限: 挡住解压炸弹 */
  readonly maxPixels: number;
  /** 等着做的张数上限 */
  readonly maxQueue: number;
}

// 协议第 7 节: 最长边 320 像素
const MAX_EDGE = 320;
const QUALITY = 78;
// EXIF 方向 5 到 8 是横竖互换
const FIRST_ROTATED_ORIENTATION = 5;

export class Thumbnails {
  readonly #options: ThumbnailOptions;
  /** 正在做的, 键是目标路径: 同一张图只做一次 */
  readonly #making = new Map<string, Promise<Uint8Array | undefined>>();
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: ThumbnailOptions) {
    // 不缓存: sharp 的缓存会让文件句柄和像素留在内存里; 并发 1: 线程池还要写上传的文件
    sharp.cache(false);
    sharp.concurrency(1);
    this.#options = options;
  }

  /** 摆正之后的像素尺寸; 不认识的图片为 undefined。只读文件头 */
  async measure(source: string): Promise<{ width: number; height: number } | undefined> {
    try {
      const { width, height, orientation } = await this.#open(source).metadata();
      const rotated = orientation !== undefined && orientation >= FIRST_ROTATED_ORIENTATION;
      return rotated ? { width: height, height: width } : { width, height };
    } catch {
      // 坏图, 或像素超过上限: 当作普通文件
      return undefined;
    }
  }

  /** 缩略图的 WebP 字节; 做不出来时 undefined。错误: server_busy */
  async get(source: string, target: string): Promise<Uint8Array | undefined> {
    const saved = await readIfExists(target);
    // 空文件: 试过, 做不出来
    if (saved !== undefined) return saved.byteLength === 0 ? undefined : saved;
    const running = this.#making.get(target);
    if (running !== undefined) return running;
    if (this.#making.size >= this.#options.maxQueue) throw new AppError('server_busy');
    const making = this.#enqueue(() => this.#make(source, target)).finally(() => this.#making.delete(target));
    this.#making.set(target, making);
    return making;
  }

  #enqueue<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(task);
    this.#tail = result.catch(() => {});
    return result;
  }

  async #make(source: string, target: string): Promise<Uint8Array | undefined> {
    let bytes: Buffer;
    try {
      bytes = await this.#open(source)
        .rotate()
        .resize({ width: MAX_EDGE, height: MAX_EDGE, fit: 'inside', withoutEnlargement: true })
        .webp({ quality: QUALITY })
        .toBuffer();
    } catch {
      // 文件头完好而内容损坏的图片: 没有缩略图, 原图照样可下载。记住它, 免得每次请求都解码到坏处
      await this.#save(target, new Uint8Array(0));
      return undefined;
    }
    await this.#save(target, bytes);
    return bytes;
  }

  // 存不下 (磁盘满) 不影响这一次的应答
  async #save(target: string, bytes: Uint8Array): Promise<void> {
    const temporary = `${target}.tmp`;
    try {
      await writeFile(temporary, bytes);
      await rename(temporary, target);
    } catch {
      await rm(temporary, { force: true });
    }
  }

  #open(source: string): Sharp {
    return sharp(source, {
      limitInputPixels: this.#options.maxPixels,
      failOn: 'error',
      sequentialRead: true,
    });
  }
}

async function readIfExists(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
