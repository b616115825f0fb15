// 文件领域需要外界提供的东西; 由 store/ (磁盘), chat/ (广播) 与 server.ts 接上
import type { FileEntry, FileRecord, OfferedFile, ServerMessage } from '../protocol/messages.js';
import type { Reserved } from '../quota/daily-share.js';
import type { Visitor } from '../quota/ports.js';

/** 名额记在谁的头上: 一个人与他的地址 */
export interface Party {
  /** 同一会话的各条连接相同; 没有会话的 HTTP 请求是空串 */
  readonly sessionKey: string;
  readonly visitor: Visitor;
  /** 他的公开标识: 随文件保存, 播给声明了 people 的 */
  readonly from?: string | undefined;
}

/** 上传的一方: 一条连接; 断开后 send 是空操作 */
export interface UploadOwner extends Party {
  readonly origin: string;
  /** 认得 from */
  readonly people: boolean;
  /** 连接已经没有了: 异步的开始或续传完成时据此立即脱离 */
  readonly gone: boolean;
  send(message: ServerMessage): void;
}

/** 一个未发布文件的字节; 同一时刻至多一次 write 在途, 因此磁盘上的长度就是已写的偏移 */
export interface PartialFile {
  /** 磁盘上的字节数; 写入失败后也如实 */
  readonly size: number;
  /** 从 position 起依次写入各块; 全部写完才兑现。磁盘满时拒绝为 AppError storage_full */
  write(blocks: readonly Uint8Array[], position: number): Promise<void>;
  /** 从 position 起至多 length 字节; 到磁盘上的末尾为止 */
  read(position: number, length: number): Promise<Uint8Array>;
  /** 全部内容的 SHA-256 (小写十六进制); 与写入并行计算, 不占事件循环 */
  digest(): Promise<string>;
  /** 释放句柄与校验状态; 文件留在磁盘上。可重复调用 */
  close(): Promise<void>;
}

/** 像素尺寸, 已按 EXIF 方向摆正 */
export interface Dimensions {
  readonly width: number;
  readonly height: number;
}

/** 一张解得开的图片 */
export interface Picture extends Dimensions {
  /** 缩略图的 WebP 字节; 排队太久的没有, 第一次要时再做 */
  readonly thumbnail?: Uint8Array;
}

/** 文件的存放处 */
export interface BlobStore {
  createPartial(uploadId: string): Promise<PartialFile>;
  /** 续传: 打开留在磁盘上的部分文件; 没有则 undefined */
  openPartial(uploadId: string): Promise<PartialFile | undefined>;
  /** 删除部分文件; 不存在也算成功。返回释放的字节数 */
  removePartial(uploadId: string): Promise<number>;
  /**
   * 发布一个部分文件; 成功之后 find 能找到它, 部分文件不再存在。
   * 没有相同的内容就改名 (不复制), 有且完好就链接到那一份, 返回因此省下的字节数 (改名则为 0)
   */
  publish(uploadId: string, record: FileRecord, sentBy?: FileSentBy): Promise<number>;
  /** 磁盘上的内容与记录一致: 全部读过一遍, 没变过的不再读。2.5 GB 第一次约两秒, 不占事件循环; 不抛错 */
  isSound(record: FileRecord): Promise<boolean>;
  /** 不经过部分文件, 把 source (须已 isSound) 的内容再发布一次; 链接不了才复制, 复制之前以 claim 记账 (它可以抛错) */
  publishSame(
    source: FileRecord,
    record: FileRecord,
    claim: (bytes: number) => void,
    sentBy?: FileSentBy,
  ): Promise<void>;
  /** 删除文件, 缩略图与元数据; 可重复调用。返回释放的字节数: 内容还有别的引用则为 0 */
  remove(record: FileRecord): Promise<number>;
  find(fileId: string): Promise<FileRecord | undefined>;
  open(fileId: string): Promise<OpenBlob | undefined>;
  /** 还没有发布的图片; 一点也解不出 (坏了, 像素太多) 则 undefined。不抛错 */
  picture(uploadId: string, party: Party): Promise<Picture | undefined>;
  /** 同上, 已发布的文件 */
  pictureOf(record: FileRecord, party: Party): Promise<Picture | undefined>;
  /** 留下随 picture 得到的缩略图; 存不下不算错, 第一次要时再做 */
  keepThumbnail(fileId: string, thumbnail: Uint8Array): Promise<void>;
}

/** 打开供下载的文件; 用完必须 close */
export interface OpenBlob {
  /** 读入 target, 从文件的 position 起; 返回读到的字节数, 0 表示到了末尾 (或已 abandon) */
  read(target: Uint8Array, position: number): Promise<number>;
  /** 读者走了: 正在等字节的 read 立即兑现为 0 */
  abandon(): void;
  close(): Promise<void>;
}

/** 下载一侧所需 */
export interface BlobReader {
  /** 不知道它坏了就什么也不做; 坏了而治不好则抛 file_damaged。变过的先核对一遍 */
  requireSound(record: FileRecord): Promise<void>;
  find(fileId: string): Promise<FileRecord | undefined>;
  open(fileId: string): Promise<OpenBlob | undefined>;
  /** 还没发布的部分文件; 已改名或删除则 undefined。打开之后改名与删除都不妨碍读 */
  openUnpublished(uploadId: string): Promise<OpenBlob | undefined>;
  /** 缩略图 (WebP 字节), 第一次要时生成并保存; 不是图片则 undefined。错误: server_busy (排队已满) */
  thumbnail(fileId: string, party: Party): Promise<Uint8Array | undefined>;
}

/** 一次可续传的上传在磁盘上的记录; 数据本身的长度看部分文件 */
export interface JournalEntry {
  readonly uploadId: string;
  /** resumeToken 的 SHA-256: 日志泄露也不能冒名续传 */
  readonly tokenHash: string;
  readonly fileId: string;
  readonly name: string;
  readonly from?: string;
  readonly originalName: string;
  /** 名字改过的: 续传时也要告诉上传者 */
  readonly renamedFrom?: string;
  readonly size?: number;
  readonly mimeType?: string;
  readonly sha256?: string;
  /** Unix 毫秒 */
  readonly startedAt: number;
  /** 上传者的地址 (Visitor.address): 重启之后也按地址分份。受信任的地址与旧的记录没有 */
  readonly address?: string;
  /** 已广播的结果; 有它就不再广播第二次 */
  readonly done?: { readonly seq: number; readonly time: number; readonly file: FileRecord };
}

export interface StoredPartial {
  readonly uploadId: string;
  readonly bytes: number;
  /** 最近一次写入, Unix 毫秒 */
  readonly modifiedAt: number;
}

/** 上传日志。save 是原子的: 崩溃后要么是旧的一份, 要么是新的一份 */
export interface UploadJournal {
  save(entry: JournalEntry): Promise<void>;
  load(uploadId: string): Promise<JournalEntry | undefined>;
  remove(uploadId: string): Promise<void>;
  /** 现有的全部记录 */
  list(): Promise<JournalEntry[]>;
  /** 现有的全部部分文件, 含没有记录的 */
  listPartials(): Promise<StoredPartial[]>;
}

/** 带幂等键的请求里的一个文件: 凭 id 认出它播过没有, 其余用来核对重发的是不是同样的内容 */
export interface KeyedFile {
  readonly id: string;
  readonly originalName: string;
  readonly size: number;
  readonly sha256: string;
}

/** 带幂等键的请求的记录 */
export interface KeyedRecord {
  readonly files: readonly KeyedFile[];
  /** 发送者的地址 (Visitor.address); 受信任的地址与旧的记录没有 */
  readonly address?: string;
}

export interface SavedRequest extends Pick<KeyedRecord, 'address'> {
  readonly id: string;
  /** Unix 毫秒, 可带小数 */
  readonly savedAt: number;
}

/** 带幂等键的请求的记录; id 是散列。save 是原子的, 兑现时已交给操作系统 (进程被杀也在) */
export interface KeyedJournal {
  save(id: string, record: KeyedRecord): Promise<void>;
  /** 没有, 或读不懂 (断电) 时为 undefined */
  load(id: string): Promise<KeyedRecord | undefined>;
  remove(id: string): Promise<void>;
  /** 只在启动时用: 同步读盘 */
  list(): Promise<SavedRequest[]>;
}

/** 单帧文件的 clientId 与发送者, 随元数据与消息保存: 崩溃之后重发仍是同一条 */
export interface FileSentBy {
  readonly sender: string;
  readonly clientId: string;
}

/** 文件消息的来处, 随它保存 */
export interface FileProvenance {
  readonly sentBy?: FileSentBy | undefined;
  /** Visitor.address */
  readonly address?: string | undefined;
}

/** 一个地址一天能用掉的一份存储 */
export interface DailyFiles {
  /** 收之前占住 bytes。错误: rate_limited */
  reserve(visitor: Visitor, bytes: number): Reserved;
}

export interface Announced {
  readonly entry: FileEntry;
  /** 消息持久之后兑现; 之后才能告诉上传者已完成 */
  readonly durable: Promise<void>;
}

/**
 * 把已发布的文件广播给房间; 每个文件恰好成功一次。错误: storage_full, server_busy: 没有广播。
 * time (Unix 毫秒) 只在启动对账时给出: 消息的时间是发布的时间
 */
export type Announce = (file: FileRecord, provenance?: FileProvenance, time?: number) => Announced;

/** 消息日志里的文件: 对账据此认出发布了却没来得及广播的 */
export interface AnnouncedFiles {
  /** 日志里全部文件的 id */
  knownFiles(): Promise<ReadonlySet<string>>;
  /** 这个文件的消息 */
  findFile(fileId: string): Promise<FileEntry | undefined>;
}

/** 磁盘上的一个已发布的文件 */
export interface PublishedFile {
  readonly file: FileRecord;
  readonly sentBy?: FileSentBy;
  /** Unix 毫秒, 可带小数 */
  readonly publishedAt: number;
}

/** 对账一侧所需 */
export interface PublishedFiles {
  /** files/ 里全部文件的 id; 只列一次目录 */
  listPublished(): Promise<string[]>;
  /** 有元数据的 id, 不看内容; 只列一次目录 */
  listDescribed(): Promise<string[]>;
  /** 元数据缺失或读不懂的略去。同步读盘: 只在启动时, 开始监听之前用 */
  readPublished(fileIds: readonly string[]): PublishedFile[];
}

/** 边传边下的消息; 由聊天一侧播给声明了 offer 的人 */
export interface OfferEvents {
  /** 开始, 续传, 或有了进展 (每份每秒至多一次) */
  offered(file: OfferedFile): void;
  /** 已发布的不必再说 (file 已广播), 作废的要 */
  closed(fileId: string, outcome: 'published' | 'withdrawn'): void;
}

/** 已有内容的索引: 相同内容只存一份, 也是秒传的依据 */
export interface ContentIndex {
  /** 有没有这么大的文件 */
  hasSize(size: number): Promise<boolean>;
  /** 任一内容相同的已发布文件 */
  find(sha256: string, size: number): Promise<FileRecord | undefined>;
}

/** 磁盘的可用字节数 */
export type FreeBytes = () => Promise<number>;

export interface FilesLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
