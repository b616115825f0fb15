// 缩略图: 由 sharp 在它自己的线程里做, 大的小的各一次一张, 做一次存下来
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import type { Dimensions, Party, Picture } from '../files/ports.js';
import type { AddressQuota } from '../quota/ports.js';
import { isMissing } from './disk-errors.js';
import { ThumbQueue, TOO_LATE, thumbsBusy } from './thumb-queue.js';

export interface ThumbnailOptions {
  /** 输入图片的像素上限: 挡住解压炸弹 */
  readonly maxPixels: number;
  /** 等着做的张数上限, 大的小的各这么多 */
  readonly maxQueue: number;
  readonly quota: AddressQuota;
  /** 单调时钟, 毫秒 */
  readonly now: () => number;
}

// 协议第 7 节: 最长边 320 像素
const MAX_EDGE = 320;
const QUALITY = 78;
// EXIF 方向 5 到 8 是横竖互换
const FIRST_ROTATED_ORIENTATION = 5;
// 发布等缩略图的期限: 别人塞来一串大图时, 后面的人的图片至多晚这么久
const PATIENCE_MS = 3000;
// 一张的期限: 6400 万像素的 AVIF 要几秒; 更久的多半是为了拖住别人
const DECODE_TIMEOUT_S = 10;
// 试过, 做不出来: 比任何图片都短。空文件是从前留下的, 那时残缺的一律不做, 值得再试
const FAILED = Uint8Array.of(0);
// 这么多像素以内的是小图, 几十毫秒做好, 另排一队: 不等别人的大图
const SMALL_PIXELS = 4_000_000;

/** 残缺的图要不要尽量解: none 给出已有的部分, 缺的是黑或灰 */
type Strictness = 'error' | 'none';

export class Thumbnails {
  readonly #options: ThumbnailOptions;
  /** 正在做的, 键是目标路径: 同一张图只做一次 */
  readonly #making = new Map<string, Promise<Uint8Array | undefined>>();
  readonly #small: ThumbQueue;
  readonly #large: ThumbQueue;

  constructor(options: ThumbnailOptions) {
    // 不缓存: sharp 的缓存会让文件句柄和像素留在内存里; 并发 1: 线程池还要写上传的文件
    sharp.cache(false);
    sharp.concurrency(1);
    this.#options = options;
    this.#small = new ThumbQueue(options);
    this.#large = new ThumbQueue(options);
  }

  /**
   * 还没有广播的一张: 摆正之后的尺寸, 连同做好的缩略图。一点也解不出的 undefined: 不能给出一个打不开的链接。
   * 排不上或排队太久的没有缩略图, 第一次要时再做 (那时才知道解不解得开)。不抛错
   */
  async examine(source: string, party: Party): Promise<Picture | undefined> {
    const size = await this.#measure(source);
    if (size === undefined) return undefined;
    const pixels = size.width * size.height;
    const thumbnail = await this.#queue(pixels).run(party, pixels, () => this.#decode(source), PATIENCE_MS);
    if (thumbnail === TOO_LATE) return size;
    return thumbnail === undefined ? undefined : { ...size, thumbnail };
  }

  /** 已保存的, 没有就做; pixels 不知道时当作大图。做不出来时 undefined。错误: server_busy */
  async get(
    source: string,
    target: string,
    party: Party,
    pixels = this.#options.maxPixels,
  ): Promise<Uint8Array | undefined> {
    const saved = await readIfExists(target);
    if (saved !== undefined && saved.byteLength > 0) return isFailed(saved) ? undefined : saved;
    const running = this.#making.get(target);
    if (running !== undefined) return running;
    const making = this.#queue(pixels)
      .run(party, pixels, () => this.#make(source, target))
      .then((made) => {
        if (made === TOO_LATE) throw thumbsBusy();
        return made;
      })
      .finally(() => this.#making.delete(target));
    this.#making.set(target, making);
    return making;
  }

  #queue(pixels: number): ThumbQueue {
    return pixels <= SMALL_PIXELS ? this.#small : this.#large;
  }

  /** 存不下 (磁盘满, 只读) 不算错: 下次要时再做 */
  async save(target: string, bytes: Uint8Array): Promise<void> {
    const temporary = `${target}.tmp`;
    try {
      await writeFile(temporary, bytes);
      await rename(temporary, target);
    } catch {
      // 只读的磁盘上删也报错; 剩下的由 tidy 收走
      await rm(temporary, { force: true }).catch(() => {});
    }
  }

  async #make(source: string, target: string): Promise<Uint8Array | undefined> {
    const bytes = await this.#decode(source);
    // 记住做不出来的, 免得每次请求都解码到坏处
    await this.save(target, bytes ?? FAILED);
    return bytes;
  }

  // 只读文件头; 坏图, 或像素超过上限: 当作普通文件
  async #measure(source: string): Promise<Dimensions | undefined> {
    try {
      // 残缺的 GIF 严格时连头也不认
      const { width, height, orientation } = await this.#open(source, 'none').metadata();
      const rotated = orientation !== undefined && orientation >= FIRST_ROTATED_ORIENTATION;
      return rotated ? { width: height, height: width } : { width, height };
    } catch {
      return undefined;
    }
  }

  /** WebP 字节; 一点也解不出时 undefined。残缺的再解一遍, 给出已有的部分 */
  async #decode(source: string): Promise<Uint8Array | undefined> {
    const whole = await this.#shrink(source, 'error');
    if (whole !== undefined) return whole;
    const part = await this.#shrink(source, 'none');
    // 只剩一个头: 解出来是一片黑; 连自己做的都读不懂的也不要
    return part === undefined || (await isBlank(part).catch(() => true)) ? undefined : part;
  }

  async #shrink(source: string, strictness: Strictness): Promise<Uint8Array | undefined> {
    try {
      return await this.#open(source, strictness)
        .rotate()
        .resize({ width: MAX_EDGE, height: MAX_EDGE, fit: 'inside', withoutEnlargement: true })
        .webp({ quality: QUALITY })
        .timeout({ seconds: DECODE_TIMEOUT_S })
        .toBuffer();
    } catch {
      return undefined;
    }
  }

  #open(source: string, failOn: Strictness): Sharp {
    return sharp(source, {
      limitInputPixels: this.#options.maxPixels,
      failOn,
      sequentialRead: true,
    });
  }
}

function isFailed(saved: Uint8Array): boolean {
  return saved.byteLength === FAILED.byteLength;
}

/** 只有一种颜色 (或全透明) */
async function isBlank(picture: Uint8Array): Promise<boolean> {
  const { channels } = await sharp(picture).stats();
  return channels.every(({ min, max }) => min === max);
}

async function readIfExists(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
