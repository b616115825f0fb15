// 消息数据库的表: 可用任何 SQLite 工具打开查看; 改表只在末尾加一级, 从不改写已经发布的
//
//   messages 每条消息一行
//     seq        房间里的序号, 逐条加一
//     kind       text 或 file
//     id         消息的 UUID; 文件消息是文件的 id
//     time       Unix 毫秒
//     name       发送者的名字
//     body       文字的正文, 或文件的原名: 搜索看的就是它
//     detail     JSON: 文件消息的其余字段; 文字一般为空, 含 U+0000 的放原文 (body 里换成了 U+FFFD: SQLite 的字符串到它为止)
//     sha256 size   文件的内容; 文字为空
//     sender client_id   发送者的散列与他起的标识, 据此认出重发; 没有给则为空
//     from_tag   发送者的会话的公开标识; 旧的没有
//     address    来自哪个地址 (IPv4 整个, IPv6 的前四组); 只供体检的 --purge, 从不出服务器, 过了 history.keepDays 就抹掉
//   meta 零散的值: epoch, last_seq (删光了也不回退), indexed_seq (到此为止已进全文索引),
//     running (运行中的那次开机, 好好停下就没有)
//   message_index 全文索引 (FTS5, 只存索引不存原文): rowid 就是 seq; body 是折叠过的正文加两个 U+0001,
//     这样每个字都起一个三字组, 一两个字的词也查得到; facets 是发送者的散列与有没有网址; message_terms 列出其中的三字组
//   message_blocks 编进索引的每一批: seq 的范围与其中最早, 最晚的 time。time 不一定逐条增加 (校时, 补播), 按日期搜索时据此缩小范围
//   address_hours 每个地址每个钟头发了多少 (hour 是 Unix 毫秒除以 3600000): 当日份额重启之后接着算, 过了一天就删
//   file_list 每个文件一行: 折叠过的名字与发送者, 哪一类; 文件面板的搜索与计数只看它, 与消息同一个事务写入
import type { Connection } from './database.js';
import { fillFileList } from './file-list.js';

/** 一步: 一句 SQL, 或要算的 */
type Step = string | ((database: Connection) => void);

/** 第 n 项把第 n 版升到第 n + 1 版 */
export const MIGRATIONS: readonly (readonly Step[])[] = [
  [
    `CREATE TABLE messages (
      seq INTEGER PRIMARY KEY,
      kind TEXT NOT NULL,
      id TEXT NOT NULL,
      time INTEGER NOT NULL,
      name TEXT NOT NULL,
      body TEXT NOT NULL,
      detail TEXT,
      sha256 TEXT,
      size INTEGER,
      sender TEXT,
      client_id TEXT
    )`,
    // 索引都不唯一: 万一重复 (崩溃之后补播了第二次) 也要写得进, 否则后面的全都堵住
    `CREATE INDEX messages_kind ON messages (kind, seq) WHERE kind = 'file'`,
    `CREATE INDEX messages_file_id ON messages (id) WHERE kind = 'file'`,
    'CREATE INDEX messages_sent ON messages (sender, client_id) WHERE client_id IS NOT NULL',
    'CREATE INDEX messages_sha256 ON messages (sha256) WHERE sha256 IS NOT NULL',
    'CREATE INDEX messages_size ON messages (size) WHERE size IS NOT NULL',
    'CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID',
    `CREATE VIRTUAL TABLE message_index USING fts5 (
      body, content = '', contentless_delete = 1, tokenize = 'trigram case_sensitive 1'
    )`,
    `CREATE VIRTUAL TABLE message_terms USING fts5vocab (message_index, 'row')`,
  ],
  // 折叠 (全角, 附加符号), 按发送者与日期找, 文件列表。旧的全文索引作废, 由 IndexBuilder 在空闲时重编, 其间逐条看
  [
    'DROP TABLE message_terms',
    'DROP TABLE message_index',
    `CREATE VIRTUAL TABLE message_index USING fts5 (
      body, facets, content = '', contentless_delete = 1, tokenize = 'trigram case_sensitive 1'
    )`,
    `CREATE VIRTUAL TABLE message_terms USING fts5vocab (message_index, 'row')`,
    `INSERT OR REPLACE INTO meta (key, value) VALUES ('indexed_seq', '0')`,
    `CREATE TABLE message_blocks (
      last_seq INTEGER PRIMARY KEY,
      first_seq INTEGER NOT NULL,
      min_time INTEGER NOT NULL,
      max_time INTEGER NOT NULL
    )`,
    `CREATE TABLE file_list (
      seq INTEGER PRIMARY KEY,
      time INTEGER NOT NULL,
      kind TEXT NOT NULL,
      name TEXT NOT NULL,
      sender TEXT NOT NULL
    )`,
    fillFileList,
  ],
  // 来自谁: 只加列, 不改写任何一行
  [
    'ALTER TABLE messages ADD COLUMN from_tag TEXT',
    'ALTER TABLE messages ADD COLUMN address TEXT',
    `CREATE TABLE address_hours (
      hour INTEGER NOT NULL,
      address TEXT NOT NULL,
      entries INTEGER NOT NULL,
      text_bytes INTEGER NOT NULL,
      file_bytes INTEGER NOT NULL,
      PRIMARY KEY (hour, address)
    ) WITHOUT ROWID`,
  ],
];

export const SCHEMA_VERSION = MIGRATIONS.length;
/** 从这一版起有 file_list 与 message_blocks */
export const FILE_LIST_VERSION = 2;
/** 从这一版起有 from_tag, address 与 address_hours */
export const PROVENANCE_VERSION = 3;
