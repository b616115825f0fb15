// 启动时的补播: 在 files/ 里而不在消息日志里的文件 (广播之前崩溃, 或有日志之前的旧目录), 各播一次
import type { Announce, AnnouncedFiles, FilesLog, PublishedFile, PublishedFiles } from './ports.js';

export interface ReconcileParts {
  readonly published: PublishedFiles;
  readonly announced: AnnouncedFiles;
  readonly announce: Announce;
  readonly log: FilesLog;
}

// 每播这么多条等一次落盘: 旧目录可以有几十万个文件, 积压的写入有上限
const ANNOUNCE_BATCH = 1000;

/** 须在开始监听之前。保证: 旧的在前, 时间是发布的时间, 单帧文件仍认得 clientId。播不出去 (日志满) 只记录, 不妨碍启动 */
export async function reconcile({ published, announced, announce, log }: ReconcileParts): Promise<void> {
  const [present, described, known] = await Promise.all([
    published.listPublished(),
    published.listDescribed(),
    announced.knownFiles(),
  ]);
  const unknown = present.filter((fileId) => !known.has(fileId));
  const found = published.readPublished(unknown);
  found.sort((a, b) => a.publishedAt - b.publishedAt);
  const onDisk = new Set(present);
  const withMeta = new Set(described);
  const counts = {
    files: present.length,
    announced: await announceAll(found, announce, log),
    // 没有元数据, 来历不明: 不播也不删
    unreadable: unknown.length - found.length,
    // 播过而没有元数据: 下载都是 404, 体检由日志重建 (meta/ 整个没了, 多半是恢复备份时漏了它)
    undescribed: present.filter((fileId) => known.has(fileId) && !withMeta.has(fileId)).length,
    // 日志里有而磁盘上没有
    missing: [...known].filter((fileId) => !onDisk.has(fileId)).length,
  };
  if (counts.unreadable + counts.undescribed + counts.missing === 0) log.info(counts, '存储的对账完成');
  else log.warn(counts, '存储的对账完成, 有不一致; 停机后可运行 npm run doctor');
}

/** 返回播出的条数 */
async function announceAll(
  found: readonly PublishedFile[],
  announce: Announce,
  log: FilesLog,
): Promise<number> {
  let count = 0;
  try {
    for (; count < found.length; count += ANNOUNCE_BATCH) {
      const batch = found.slice(count, count + ANNOUNCE_BATCH);
      const sent = batch.map(
        ({ file, sentBy, publishedAt }) => announce(file, { sentBy }, Math.floor(publishedAt)).durable,
      );
      await Promise.all(sent);
    }
  } catch (error) {
    log.error({ err: error }, '补播中断, 余下的等下次启动');
  }
  return Math.min(count, found.length);
}
