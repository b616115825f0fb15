// 内存的公式: 设置 -> 每一项的上限 (字节)。README 的内存表与撞上限的测试都由它核对
import type { Config } from '../config.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const BLOCK_BYTES = 256 * KIB;

/** 项名就是 README 内存表的第一列 */
export type MemoryItems = Readonly<Record<string, number>>;

/** 只由设置决定的项 */
export function memoryItems({
  server,
  chat,
  fanout,
  history,
  files,
  uploads,
  downloads,
}: Config): MemoryItems {
  return {
    收下而未落盘的上传: uploads.windowBudgetBytes,
    未写满的写入块: maxOpenFiles(files.chunkBytes, uploads.windowBudgetBytes) * 2 * BLOCK_BYTES,
    暂停之后多到的请求体: uploads.maxActive * 512 * KIB,
    下载的读缓冲: downloads.maxActive * 512 * KIB,
    '接收缓冲 (收完的大帧)': server.receiveBudgetBytes,
    历史的尾部: chat.historyBytes,
    未落盘的消息: history.pendingBytes,
    等着广播的消息: fanout.pendingBytes,
    // 两个线程, 各有自己的堆与 16 MiB 的 SQLite 页缓存
    历史的读写线程: 100 * MIB,
    // 每像素 4 字节; 大图小图 (400 万像素以内) 各一次一张
    缩略图: (files.thumbPixels + 4_000_000) * 4,
    // 新生代至多三个 16 MiB 的半区
    还没回收的垃圾: 48 * MIB,
  };
}

/** 有界的表: 要成千上万个地址才填得满, 所以不在撞上限的测试里; 每个键的字节在装满的表上量得 */
export function tableItems({ chat }: Config): MemoryItems {
  return {
    // 五种按地址的速率, 一种按人的; 另有最近的地址的各段
    令牌桶: 6 * 65_536 * 100 + 8192 * 400,
    // 24 个钟头都发过的键
    当日份额: 16_384 * 2700,
    留着的名字: chat.maxMembers * 800,
    传输票: 65_536 * 256,
    // 历史与搜索各一个队
    等着的历史页与搜索: 2 * 16_384 * 2 * KIB,
  };
}

export interface Crowd {
  /** 发了半帧的聊天连接 */
  readonly halfFrames: number;
  /** 停读的连接 */
  readonly stalled: number;
  /** 听过一条超过 15 KB 的广播的连接 */
  readonly heardLarge: number;
  /** 记满了应答的会话 */
  readonly sessions: number;
}

/** 随人数增长的项; 一个也没有就是零 */
export function crowdItems({ server, chat, files }: Config, crowd: Crowd): MemoryItems {
  return {
    '接收缓冲 (还没收完的帧)': crowd.halfFrames * (files.frameBytes + 64 * KIB),
    发送积压: crowd.stalled * 4 * server.slowConsumerBytes,
    // 控制字符在 JSON 里占 6 字节
    '发送缓冲 (超过 15 KB 的一条)': crowd.heardLarge * 6 * chat.textBytes,
    // 每个应答约 1.1 KiB, 另有 8 KiB 的过滤器
    会话: crowd.sessions * (chat.rememberedClientIds * 1126 + 8 * KIB),
  };
}

// 每个进行中的文件 (分片上传, 或请求里的一个文件) 至少占一个分片的窗口, 所以至多这么多个
function maxOpenFiles(chunkBytes: number, windowBudgetBytes: number): number {
  return Math.floor(windowBudgetBytes / chunkBytes);
}
