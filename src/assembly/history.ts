// 装配消息日志: 在内存里, 或在磁盘上; 有过历史而数据库没有了或坏了, 不经人同意不从头开始
import type { Config } from '../config.js';
import type { Logger } from '../log.js';
import { DiskLog, type DiskLogOptions } from '../store/history/disk-log.js';
import type { History } from '../store/history/history.js';
import { HistoryError } from '../store/history/history-error.js';
import { HistoryProof } from '../store/history/history-proof.js';
import { describeLoss, hasJournal, setAsideDatabase } from '../store/history/lost-history.js';
import { MemoryLog } from '../store/history/memory-log.js';
import type { StorageFolder } from '../store/storage-folder.js';
import type { Runtime } from './runtime.js';
import { runningLimit } from './turns.js';

export interface OpenedHistory {
  readonly log: History;
  /** 存储的别处也都打开了: 留下有过历史的凭据。错误: 写不进 (一行中文) */
  readonly prove: () => Promise<void>;
  /** 停机: 记下写到哪里, 再关上 */
  readonly close: () => Promise<void>;
}

interface DiskParts {
  readonly folder: StorageFolder;
  readonly removeFile: DiskLogOptions['removeFile'];
}

/** 错误: HistoryError (丢了, 坏了), 打不开 (都是一行中文); 那时磁盘上什么也没有动 */
export async function openHistory(runtime: Runtime, parts: DiskParts): Promise<OpenedHistory> {
  const { chat, history } = runtime.config;
  const tail = { maxMessages: chat.historyMessages, maxBytes: chat.historyBytes };
  if (history.store === 'memory') {
    const log = new MemoryLog(tail);
    return { log, prove: async () => {}, close: () => log.stop() };
  }
  const logger = runtime.log.child({ part: 'history' });
  const { folder } = parts;
  const proof = HistoryProof.load(folder.historyProof);
  const options = { ...optionsOf(runtime.config, logger, parts), tail };
  const { proven } = proof;
  const isKnown = proven !== undefined || hasJournal(folder.historyFolder);
  const loss = isKnown ? describeLoss(folder.historyFolder, proven) : undefined;
  const log = await openOrAccept({ ...options, loss, proven }, runtime.acts.acceptLostHistory);
  if (proven !== undefined && log.seq < proven.seq && !runtime.acts.acceptLostHistory)
    logger.warn(
      { seq: log.seq, provenSeq: proven.seq },
      '消息数据库比上次停下时旧 (由备份恢复的?): 之后的消息没有了, 历史换了编号, 客户端会重新取',
    );
  if (log.isNew && !runtime.acts.acceptLostHistory) await warnNewHistory(folder, logger);
  return { log, prove: () => proof.save(log), close: () => closeDisk(log, proof, logger) };
}

function optionsOf(
  config: Config,
  logger: Logger,
  { folder, removeFile }: DiskParts,
): Omit<DiskLogOptions, 'tail' | 'loss' | 'proven'> {
  const { history } = config;
  return {
    folder: folder.historyFolder,
    pendingBytes: history.pendingBytes,
    maxSearches: runningLimit(config),
    sync: history.sync,
    retention: { ...history, fileDays: config.files.keepDays },
    removeFile,
    logger,
  };
}

async function openOrAccept(options: DiskLogOptions, isAccepted: boolean): Promise<DiskLog> {
  const { folder, logger } = options;
  try {
    const log = await DiskLog.open(options);
    // 留在启动脚本里的话, 哪天真丢了就没有人知道
    if (isAccepted) logger.warn({}, '历史完好, --accept-lost-history 没有用上: 请从启动命令里去掉它');
    return log;
  } catch (error) {
    if (!isAccepted || !(error instanceof HistoryError)) throw error;
    const kept = setAsideDatabase(folder);
    logger.warn(
      { kept, folder, reason: error.message },
      '照 --accept-lost-history 从头开始: 坏的留在一旁, 预写文件里的照收, 各文件补播一次; 下次启动请去掉它',
    );
    return DiskLog.open({ ...options, loss: undefined });
  }
}

async function closeDisk(log: DiskLog, proof: HistoryProof, logger: Logger): Promise<void> {
  const { epoch, seq } = log;
  await log.stop();
  // 只是偏小: 不妨碍停机
  await proof
    .save({ epoch, seq })
    .catch((error: unknown) => logger.warn({ err: error }, '记不下历史写到哪里'));
}

// 从没有消息日志的旧版升级也是这样: 说清楚, 让人自己判断
async function warnNewHistory(folder: StorageFolder, logger: Logger): Promise<void> {
  const { length: files } = await folder.listFiles();
  if (files === 0) return;
  logger.warn(
    { files, folder: folder.historyFolder },
    '消息数据库是新建的, 而 files/ 里已有文件: 历史从头开始, 文件各补播一次; 若不是刚从旧版升级, 请停机后从备份恢复 history/',
  );
}
