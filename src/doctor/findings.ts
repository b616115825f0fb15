// 体检能查出的各种问题: 一张表, 每种说明意味着什么, --repair 会怎么做
export type FindingKind =
  | 'not_a_file'
  | 'not_a_folder'
  | 'history_lost'
  | 'file_without_meta'
  | 'meta_without_file'
  | 'meta_unreadable'
  | 'thumb_without_file'
  | 'partial_without_journal'
  | 'journal_without_partial'
  | 'journal_unreadable'
  | 'leftover'
  | 'not_announced'
  | 'message_without_file'
  | 'size_mismatch'
  | 'hash_mismatch'
  | 'database_missing'
  | 'database_damaged'
  | 'index_damaged'
  | 'sequence_gap'
  | 'text_damaged'
  | 'journal_damaged';

export interface Finding {
  readonly kind: FindingKind;
  /** 文件 (相对存储目录), 或别的所指 */
  readonly subject: string;
  readonly detail?: string;
}

export interface Explanation {
  readonly title: string;
  readonly meaning: string;
  /** --repair 会做什么; 没有则只能报告 */
  readonly repair?: string;
  /** 不能自动修复, 或不必修复时, 该怎么办 */
  readonly advice?: string;
  /** 服务器自己会处理: --repair 之后不再算问题 */
  readonly harmless?: true;
}

const MOVE = '移到 lost+found, 不删除';

export const EXPLANATIONS: { readonly [K in FindingKind]: Explanation } = {
  not_a_file: {
    title: '应是文件, 却是文件夹',
    meaning: '多半是误放的, 或恢复备份时放错了位置; 服务器读不了它, 有的因此起不来',
    repair: MOVE,
  },
  not_a_folder: {
    title: '应是文件夹, 却是文件',
    meaning: '服务器因此起不来',
    repair: `${MOVE}; 文件夹由服务器下次启动时新建`,
  },
  history_lost: {
    title: '消息历史丢了',
    meaning: '这里有过历史, 而消息数据库没有了或是空的; 服务器不肯启动, 免得悄悄从头开始',
    advice:
      '请由备份恢复 history/ (messages.db 连同 -wal, -shm); 没有备份就以 --accept-lost-history 启动一次: 预写文件里的照收, 各文件补播一次',
  },
  file_without_meta: {
    title: '文件没有元数据',
    meaning: '内容在 files/ 里, 而 meta/ 里没有它的名字与类型, 下载不到',
    repair: `消息日志认得的, 由日志重建元数据; 不认得的${MOVE}`,
  },
  meta_without_file: {
    title: '元数据没有文件',
    meaning: '发布停在了改名之前, 或文件被人从磁盘上删了; 下载得到 404',
    repair: MOVE,
  },
  meta_unreadable: {
    title: '元数据读不懂',
    meaning: '不是合法的记录 (断电, 手工改过), 文件下载不到',
    repair: `原件移到 lost+found; 消息日志认得的由日志重建, 不认得的连同文件一起移走`,
  },
  thumb_without_file: {
    title: '缩略图没有原图',
    meaning: '原图已经不在, 缩略图没有用处',
    repair: MOVE,
  },
  partial_without_journal: {
    title: '没有记录的部分文件',
    meaning: '没有续传凭证, 谁也续传不了; 服务器启动时会把它删掉',
    repair: MOVE,
  },
  journal_without_partial: {
    title: '没有部分文件的上传记录',
    meaning: '收下的字节已经不在, 续传会得到 upload_unknown',
    repair: MOVE,
  },
  journal_unreadable: {
    title: '上传记录读不懂',
    meaning: '不是合法的记录, 那次上传续传不了; 服务器启动时会把它连同数据删掉',
    repair: MOVE,
  },
  leftover: {
    title: '零碎的临时文件',
    meaning: '写到一半被打断留下的; 服务器启动时会清掉',
    repair: MOVE,
  },
  not_announced: {
    title: '文件还没有消息',
    meaning: '广播之前崩溃的, 或是有消息日志之前的旧目录; 内容完好',
    advice: '不必修复: 服务器下次启动时各补播一次',
    harmless: true,
  },
  message_without_file: {
    title: '消息指着的文件不在',
    meaning: '聊天记录里看得到, 下载得到 404',
    advice: '修不了: 请从备份里把文件与元数据放回原处',
  },
  size_mismatch: {
    title: '文件的大小不对',
    meaning: '与发布时记下的大小不同: 被截断或改过, 下载到的是坏的',
    advice: '修不了: 请从备份里放回; 体检不动它',
  },
  hash_mismatch: {
    title: '文件的内容变了',
    meaning: 'SHA-256 与发布时的不同: 磁盘出错或被改过; 服务器知道的不再送出 (file_damaged)',
    advice: '体检修不了: 请从备份里放回, 或请人再发一次同样的文件 (服务器会换上好的), 并检查磁盘',
  },
  database_missing: {
    title: '没有消息数据库',
    meaning: '看来是有消息日志之前的旧目录',
    advice: '不必修复: 服务器下次启动时新建, 并补播 files/ 里的全部文件; 文字消息要从备份里找',
    harmless: true,
  },
  database_damaged: {
    title: '消息数据库损坏',
    meaning: 'SQLite 的完整性检查没有通过, 聊天记录可能不全',
    advice:
      '体检不改它: 请从备份恢复 history/, 或先备份再用 sqlite3 的 .recover 抢救; 都不成则以 --accept-lost-history 启动一次, 坏的留在一旁',
  },
  index_damaged: {
    title: '搜索索引与消息不符',
    meaning: '有的消息搜不到; 消息本身不受影响',
    repair: '清空索引, 服务器下次启动后在空闲时重建',
  },
  sequence_gap: {
    title: '消息的序号有缺口',
    meaning: '序号应当逐条加一; 有人直接改过数据库, 或磁盘丢了数据',
    advice: '修不了: 缺的消息请从备份里找',
  },
  text_damaged: {
    title: '消息里有坏的文字',
    meaning: '磁盘出过错, 或被别的工具改过; 坏的字节显示成 U+FFFD, 其余照常',
    advice: '修不了: 请从备份里找回原文; 体检不动它',
  },
  journal_damaged: {
    title: '预写文件里有读不懂的一行',
    meaning: '多半是断电; 它之后接不上的消息不作数',
    repair: '先把原件复制到 lost+found, 再只留下收得下的; 丢了消息的, 服务器下次启动时换历史的编号',
  },
};
