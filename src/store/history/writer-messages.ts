// 主线程与写线程之间的消息
import type { FileRecord, RoomEntry } from '../../protocol/messages.js';
import type { HourlyUsage } from '../../quota/daily-share.js';
import type { HistoryProblem } from './history-error.js';
import type { ProvenHistory } from './history-proof.js';
import type { JournalPosition } from './journal.js';
import type { JournalDamage } from './journal-check.js';
import type { TailLimits } from './tail.js';

export interface RetentionLimits {
  /** 保留的条数; 0 不限 */
  readonly maxMessages: number;
  /** 保留的天数; 0 不限 */
  readonly maxAgeDays: number;
  /** 数据库的字节数; 0 不限 */
  readonly maxBytes: number;
  /** 不到这么多天的不为腾地方而删; 也是地址留多久 */
  readonly keepDays: number;
  /** 文件的天数: 过了就删文件, 消息留着; 不给或 0 则与消息一样久 */
  readonly fileDays?: number;
}

/** 数据库有多满 */
export interface Fullness {
  readonly rows: number;
  /** 最旧一条的时刻 (Unix 毫秒); 空的没有 */
  readonly oldestMs?: number | undefined;
  readonly usedBytes: number;
}

export interface WriterOptions {
  readonly folder: string;
  /** 每次提交都落到盘片 */
  readonly sync: boolean;
  readonly retention: RetentionLimits;
  /** 启动时读进内存的尾部 */
  readonly tail: TailLimits;
  /** 这里有过历史 (怎么知道的, 一行中文): 空的数据库就是丢了, 不能当成新的 */
  readonly loss: string | undefined;
  /** 上次记下的凭据: 同一个编号而还不到它的 seq, 就是换回了旧的一份 */
  readonly proven: ProvenHistory | undefined;
  /** 这一次开机 */
  readonly boot: string;
  /** 写线程死后重开: 主线程正写到这里; 没有则是进程启动, 补完全部预写文件 */
  readonly resumeAt?: JournalPosition;
}

export type WriterRequest =
  /** 预写文件写到了这里 */
  | { readonly kind: 'grown'; readonly to: JournalPosition }
  /** expire 的文件都已删掉 */
  | { readonly kind: 'expired' }
  /** expire 的文件没能都删掉: 这些行先留着 */
  | { readonly kind: 'kept' }
  /** 启动的对账完了: 从此可以删过期的 */
  | { readonly kind: 'retain' }
  | { readonly kind: 'stop' };

export type WriterReply =
  | {
      readonly kind: 'opened';
      readonly epoch: string;
      /** 这次才有编号: 以前没有历史 */
      readonly isNew: boolean;
      readonly seq: number;
      readonly firstSeq: number;
      /** 数据库里有多少个文件 */
      readonly files: number;
      readonly fullness: Fullness;
      /** 最近一天每个地址每个钟头发了多少 */
      readonly usage: readonly HourlyUsage[];
      /** 预写文件接下来用的编号 */
      readonly segment: number;
      /** 最近的一段, 旧的在前; 重开时是空的 */
      readonly tail: readonly RoomEntry[];
    }
  /** 数据库的格式升级了; 升级之前的在同一个文件夹里的 backup */
  | { readonly kind: 'upgraded'; readonly backup: string }
  /** 到 seq 为止都已提交; usedBytes: 此后数据库的字节数 */
  | { readonly kind: 'durable'; readonly seq: number; readonly usedBytes: number }
  /** 将要删掉这些文件消息所在的行: 先删文件 */
  | { readonly kind: 'expire'; readonly files: readonly FileRecord[] }
  /** 已删掉 firstSeq 之前的行, 共 count 条, 其中 files 个文件 */
  | {
      readonly kind: 'trimmed';
      readonly firstSeq: number;
      readonly count: number;
      readonly files: number;
      readonly fullness: Fullness;
    }
  /** 一时写不进, 还在重试; 记一次日志 */
  | { readonly kind: 'trouble'; readonly reason: string }
  | { readonly kind: 'recovered' }
  /** 数据库有坏处, 编索引与删过期的都停了; 消息照收 */
  | { readonly kind: 'choreless'; readonly reason: string }
  /** 上次留下的预写文件有坏处; kept: 原件移到了这些名字 */
  | ({ readonly kind: 'damaged'; readonly kept: readonly string[] } & JournalDamage)
  /** 打不开数据库 */
  | { readonly kind: 'refused'; readonly reason: string; readonly problem?: HistoryProblem }
  /** clean: 全部写完; 否则余下的在预写文件里 */
  | { readonly kind: 'stopped'; readonly clean: boolean };
