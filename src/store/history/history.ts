// 房间历史的全貌: 聊天与文件两个领域所需的接口, 加上启动与停机
import type { MessageLog } from '../../chat/ports.js';
import type { AnnouncedFiles, ContentIndex } from '../../files/ports.js';

export interface History extends MessageLog, ContentIndex, AnnouncedFiles {
  /** 还留着的最旧一条的 seq; 一条也没有时是下一条的 */
  readonly firstSeq: number;
  /** 从此删过期的消息与文件; 之前一条也不删: 启动的对账不必分辨文件是丢了还是刚过期。可重复调用 */
  beginRetention(): void;
  /** 写完, 落盘, 关闭; 可重复调用。写不完的留在预写文件里, 下次启动补上 */
  stop(): Promise<void>;
}
