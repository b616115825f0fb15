// 房间历史的全貌: 聊天与文件两个领域所需的接口, 加上启动与停机
import type { MessageLog } from '../../chat/ports.js';
import type { AnnouncedFiles, ContentIndex } from '../../files/ports.js';
import type { HourlyUsage } from '../../quota/daily-share.js';

export interface History extends MessageLog, ContentIndex, AnnouncedFiles {
  /** 打开时最近一天各地址发了多少; 不落盘的总是空的 */
  readonly usage: readonly HourlyUsage[];
  /** 历史满了而留底之内的不删: 收文件之前先问。错误: storage_full */
  requireRoom(): void;
  /** 还留着的最旧一条的 seq; 一条也没有时是下一条的 */
  readonly firstSeq: number;
  /** 从此删过期的消息与文件; 之前一条也不删: 启动的对账不必分辨文件是丢了还是刚过期。可重复调用 */
  beginRetention(): void;
  /** 写完, 落盘, 关闭; 可重复调用。写不完的留在预写文件里, 下次启动补上 */
  stop(): Promise<void>;
}
