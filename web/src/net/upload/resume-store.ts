// 刷新之后还在的上传记录, 存在 IndexedDB; 它不可用时 (隐私模式) 一切照常, 只是刷新后不能续传

export interface ResumeRecord {
  readonly uploadId: string;
  readonly resumeToken: string;
  /** 用户名 */
  readonly name: string;
  readonly fileName: string;
  /** 字节 */
  readonly size: number;
  readonly lastModified: number;
  readonly sent: number;
  /** 前 offset 字节的 SHA-256: 再选文件时核对 */
  readonly checkpoint?: { readonly offset: number; readonly digest: string };
  readonly handle?: FileSystemFileHandle;
  /** 哪个标签页在传 */
  readonly tabId: string;
  /** Unix 毫秒 */
  readonly updatedAt: number;
}

/** 三个方法都不会拒绝: 存不下只意味着刷新后不能续传 */
export interface ResumeStore {
  /** 这个用户的, 旧的在前 */
  list(name: string): Promise<readonly ResumeRecord[]>;
  put(record: ResumeRecord): Promise<void>;
  remove(uploadId: string): Promise<void>;
}

const DATABASE = 'sluice-uploads';
const VERSION = 1;
const TABLE = 'uploads';
const MAX_RECORDS = 100;
// 服务器保留未完成的上传 24 小时 (files.partialTtlHours)
const TTL_MS = 24 * 3600 * 1000;

/** factory 不存在或打不开时, 得到一个什么也不记的 */
export function openResumeStore(factory: IDBFactory | undefined): ResumeStore {
  const opening = openDatabase(factory);
  const attempt = async <T>(fallback: T, task: (database: IDBDatabase) => Promise<T>): Promise<T> => {
    try {
      return await task(await opening);
    } catch (error) {
      // 隐私模式, 配额用完, 数据库被浏览器清掉: 不打扰用户
      console.debug('上传记录不可用', error);
      return fallback;
    }
  };
  return {
    list: (name) => attempt([], (database) => list(database, name)),
    put: (record) => attempt(undefined, (database) => put(database, record)),
    remove: (uploadId) => attempt(undefined, (database) => remove(database, uploadId)),
  };
}

function openDatabase(factory: IDBFactory | undefined): Promise<IDBDatabase> {
  const opening = new Promise<IDBDatabase>((resolve, reject) => {
    if (factory === undefined) throw new DOMException('没有 IndexedDB', 'NotSupportedError');
    const request = factory.open(DATABASE, VERSION);
    request.onupgradeneeded = () => request.result.createObjectStore(TABLE, { keyPath: 'uploadId' });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    // 别的标签页开着旧版本: 不等它
    request.onblocked = () => reject(new DOMException('数据库被占用', 'AbortError'));
  });
  // 可能没有人用到它
  opening.catch(() => {});
  return opening;
}

async function list(database: IDBDatabase, name: string): Promise<readonly ResumeRecord[]> {
  const records = await readAll(database.transaction(TABLE).objectStore(TABLE));
  const oldest = Date.now() - TTL_MS;
  return records
    .filter((record) => record.name === name && record.updatedAt > oldest)
    .sort((one, other) => one.updatedAt - other.updatedAt);
}

async function put(database: IDBDatabase, record: ResumeRecord): Promise<void> {
  const transaction = database.transaction(TABLE, 'readwrite');
  const table = transaction.objectStore(TABLE);
  table.put(record);
  // 至多 100 条, 每条一千字节左右: 全读出来也不大
  for (const { uploadId } of surplus(await readAll(table), Date.now())) table.delete(uploadId);
  await finished(transaction);
}

async function remove(database: IDBDatabase, uploadId: string): Promise<void> {
  const transaction = database.transaction(TABLE, 'readwrite');
  transaction.objectStore(TABLE).delete(uploadId);
  await finished(transaction);
}

/** 该删的: 过期的, 与最新 100 条以外的 */
export function surplus(records: readonly ResumeRecord[], nowMs: number): readonly ResumeRecord[] {
  const newestFirst = [...records].sort((one, other) => other.updatedAt - one.updatedAt);
  return newestFirst.filter(({ updatedAt }, index) => index >= MAX_RECORDS || updatedAt <= nowMs - TTL_MS);
}

function readAll(table: IDBObjectStore): Promise<ResumeRecord[]> {
  return new Promise((resolve, reject) => {
    const request: IDBRequest<ResumeRecord[]> = table.getAll();
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function finished(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error);
  });
}
