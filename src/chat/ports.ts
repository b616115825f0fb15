// 聊天领域需要外界提供的东西; 由 transport/, store/ 与 files/ 实现
import type { CloseName } from '../protocol/errors.js';
import type {
  FileCancelMessage,
  FileChunkMessage,
  FileEndMessage,
  FileEntry,
  FileHashMessage,
  FileMessage,
  FilePauseMessage,
  FileProofMessage,
  FileRecord,
  FileResumeMessage,
  FileStartMessage,
  HistoryKind,
  RoomEntry,
  ServerMessage,
  TextEntry,
} from '../protocol/messages.js';
import type { SearchCriteria } from '../protocol/search-query.js';
import type { Held, Visitor } from '../quota/ports.js';

/** 一条活着的 WebSocket; 关闭之后所有方法都是空操作, 不抛错 */
export interface Connection {
  /** 收件人所用的来源, 如 http://192.168.1.5:3000; 文件链接以它为前缀 */
  readonly origin: string;
  /** 这条连接的单帧上限 (字节); 同一个房间里各连接可以不同 */
  readonly frameBytes: number;
  /** 已交给它而内核还没收走的字节 */
  readonly bufferedBytes: number;
  /** 发送一帧文本; 积压超过预算时由传输层以 4008 断开, 不会阻塞。次序与调用次序一致 */
  send(text: string): void;
  sendAll(texts: readonly string[]): void;
  /** 此前 send 的都先送出; 不要在收消息的回调里调用 (见 WsConnection), 由扇出轮到时调用 */
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  /** 送出关闭码后断开; 对方迟迟不读时强制断开 */
  close(name: CloseName): void;
}

/** 主题广播: 每个订阅者收到同一份字节, 次序与调用次序一致 */
export interface Publisher {
  publish(topic: string, text: string): void;
}

/** 一条记录落定的结果 */
export interface Appended<E extends RoomEntry> {
  readonly entry: E;
  /** 记录已持久之后兑现 (由房间给出的还等到已广播); 广播不等它, ack 必须等它。持久失败时拒绝, 已广播的收不回来 */
  readonly durable: Promise<void>;
}

/** 发送者给一条消息起的标识, 随记录保存: 重连或重启之后据此认出重发 */
export interface SentBy {
  /** 会话令牌的散列: 日志泄露也不能冒名 */
  readonly sender: string;
  readonly clientId: string;
}

/** 一条记录的来处: 随它保存, 只有服务器自己看 */
export interface Provenance {
  /** 给了 clientId 的才有 */
  readonly sentBy?: SentBy | undefined;
  /** Visitor.address; 只供体检的 --purge, 从不出服务器的任何一扇门。不记则没有 */
  readonly address?: string | undefined;
}

/** 内存里的尾部答得出就同步给出, 要读盘的才是 Promise */
export type Answer<T> = T | Promise<T>;

export interface HistoryFilter {
  readonly limit: number;
  /** 只要这一种: 条数与先后都只算它们; 由 (kind, seq) 的索引回答, 不随历史的长度变慢 */
  readonly kind?: HistoryKind;
  /** 给了就只取到这么多字节 (PageFill): 一千条长文字不必都读出来 */
  readonly maxBytes?: number;
}

export interface SearchQuery {
  readonly criteria: SearchCriteria;
  readonly limit: number;
  /** 只要 seq 小于它的 */
  readonly before?: number;
  /** 也要合乎的一共有几个 (不管 before); 只有 criteria.isFile 时才数得快 */
  readonly count: boolean;
}

export interface SearchPage {
  /** 新的在前 */
  readonly entries: readonly RoomEntry[];
  readonly more: boolean;
  /** 要了才有 */
  readonly total?: number;
}

/**
 * 房间的消息日志。保证: seq 从 1 起逐条加一, 重启也从不回退; epoch 只在历史丢失后改变;
 * append 返回时记录已经交给操作系统 (进程被杀也在), durable 兑现时已到盘片。
 */
export interface MessageLog {
  readonly epoch: string;
  /** 最近一条的 seq; 还没有消息时为 0 */
  readonly seq: number;
  /** 错误: storage_full, server_busy (积压的写入到了上限); 抛错时没有占用 seq */
  appendText(draft: Omit<TextEntry, 'seq'>, provenance?: Provenance): Appended<TextEntry>;
  appendFile(draft: { time: number; file: FileRecord }, provenance?: Provenance): Appended<FileEntry>;
  /** 同 after 与 before, 但只看内存: 要读盘时为 undefined */
  recentAfter(seq: number, filter: HistoryFilter): readonly RoomEntry[] | undefined;
  recentBefore(seq: number, filter: HistoryFilter): readonly RoomEntry[] | undefined;
  /** seq 大于 after 的最早若干条, 旧的在前 */
  after(seq: number, filter: HistoryFilter): Answer<readonly RoomEntry[]>;
  /** seq 小于 before 的最近若干条, 旧的在前 */
  before(seq: number, filter: HistoryFilter): Answer<readonly RoomEntry[]>;
  /** 这个发送者以这个 clientId 发过的那一条; 没有, 或已过保留期, 则 undefined */
  findSent(sentBy: SentBy): Promise<RoomEntry | undefined>;
  /** 这个发送者用过的全部 clientId; 太多 (几千个) 时为 undefined */
  sentIds(sender: string): Promise<readonly string[] | undefined>;
  /** 还留着的文件有多少个, 刚播出的也算 */
  readonly fileCount: number;
  /** 合乎 criteria 的, 新的在前。错误: server_busy (排队的搜索太多) */
  search(query: SearchQuery): Promise<SearchPage>;
}

export interface PresenceChange {
  readonly action: 'join' | 'leave';
  readonly name: string;
}

/** 总线送回来的: 本进程与别的进程的都在内, 各进程看到的次序相同 */
export interface BusListener {
  entry(entry: RoomEntry): void;
  presence(change: PresenceChange): void;
}

/**
 * 房间对全体说话的唯一通道: 编号, 名单的变化与广播都经过它, 再由 listen 的一方送给本进程的连接。
 * 现在只有单进程的实现 (LocalBus); server.processes 大于 1 时须换成集群的, 房间与名单不必改。
 */
export interface Bus {
  readonly epoch: string;
  /** 最近一条的 seq */
  readonly seq: number;
  /** 只有一个听者, 在发出任何消息之前登记 */
  listen(listener: BusListener): void;
  /** 编号, 持久并广播。错误同 MessageLog.appendText: 抛错时没有广播 */
  text(draft: Omit<TextEntry, 'seq'>, provenance?: Provenance): Appended<TextEntry>;
  file(draft: { time: number; file: FileRecord }, provenance?: Provenance): Appended<FileEntry>;
  presence(change: PresenceChange): void;
}

/** 占着名字的一方 */
export interface NameHolder {
  /** 会话令牌的散列; 没有会话的由地址与名字得出 */
  readonly id: string;
  readonly visitor: Visitor;
  /** 留着的名字凭什么拿回: token 只认他自己; address (没有令牌的基础客户端) 同一个地址的就行 */
  readonly keptBy: 'token' | 'address';
}

/**
 * 名字归谁。样子相同的 (nameKeys) 算同一个名字。保证: 一个名字同时只有一个人; 留着的有界, 每个地址也有界。
 * 集群里由各节点共同比较并交换的实现来替换, 那时 claim 改为异步。
 */
export interface Names {
  /** 占住, 从此在线。错误: name_taken (facts 里 retryAfterMs: 留给刚断开的人, 还有多久) */
  claim(name: string, holder: NameHolder): void;
  /** 断开了: 给他留 durationMs 毫秒; 占满的让出最早的 */
  hold(name: string, holder: NameHolder, durationMs: number): void;
  /** 放开他占着或留着的; 是别人的则不动 */
  release(name: string, holder: NameHolder): void;
  /** 不上线而要以这个名字署名 (HTTP 上传): 此前没有人的, 先替他占着不让别的地址拿走。错误: 同 claim */
  borrow(name: string, holder: NameHolder): Held;
  /** 忘掉过期的; 定时调用 */
  sweep(): void;
}

/** 换一条传输连接用的票 */
export interface Ticket {
  readonly ticket: string;
  readonly expiresInMs: number;
}

/**
 * 传输票: 代替会话令牌写在传输连接的网址里 (网址会落进代理的日志)。保证: 猜不到, 过期作废, 用过作废。
 * 现在只有单进程的实现 (LocalTickets)。集群里传输连接会落到别的节点: 票里须带着加密的会话与期限 (密钥各节点共用),
 * 谁都验得了; 用过的只有本节点记得, 一分钟之内在别的节点上还能用一次。
 */
export interface Tickets {
  /** session: 会话令牌 */
  issue(session: string): Ticket;
  /** 用掉它, 返回会话令牌; 不认识, 过期或用过的为 undefined */
  redeem(ticket: string): string | undefined;
}

/** 上传的一方; files/ 只凭它应答, 不认识会话与套接字 */
export interface FileOwner {
  /** 同一会话的所有连接共享同一个键, 用于按会话限额 */
  readonly sessionKey: string;
  readonly visitor: Visitor;
  /** 公开标识; 还没有加入的没有 */
  readonly from: string | undefined;
  readonly origin: string;
  /** 认得 from */
  readonly people: boolean;
  /** 连接已经断开 */
  readonly gone: boolean;
  send(message: ServerMessage): void;
}

/** 文件领域的入口。同步抛出或拒绝的都是 AppError; 分片之后才发生的失败经 owner.send 送达 */
export interface FileDoor {
  /** 单帧文件: 在返回前拷走 message.filedata; 兑现时已发布, 广播并持久; sentBy 随记录保存 */
  receive(owner: FileOwner, name: string, message: FileMessage, sentBy?: SentBy): Promise<FileEntry>;
  /** 兑现值是 uploadId; file_ready 已先送出 */
  start(owner: FileOwner, name: string, message: FileStartMessage): Promise<string>;
  resume(owner: FileOwner, message: FileResumeMessage): Promise<void>;
  /** 在返回前拷走 message.data; 致命的错误等清理完才拒绝 */
  chunk(owner: FileOwner, message: FileChunkMessage): Promise<void> | undefined;
  end(owner: FileOwner, message: FileEndMessage): Promise<void>;
  /** 上传者说他暂停了: 只告诉别人, 上传照旧留着; 没有这个上传不算错 */
  pause(owner: FileOwner, message: FilePauseMessage): void;
  cancel(owner: FileOwner, message: FileCancelMessage): Promise<void>;
  /** 秒传: 有同样的内容就发 file_challenge。错误: not_found (没有, 照常传分片), upload_unknown */
  identify(owner: FileOwner, message: FileHashMessage): Promise<void>;
  /** 抽查的回答; 答对即发布。错误: checksum_mismatch (上传仍在, 照常传分片), upload_unknown */
  prove(owner: FileOwner, message: FileProofMessage): Promise<void>;
  /** owner 的连接没有了: 写完已收下的字节, 留待续传 */
  detach(owner: FileOwner): void;
}
