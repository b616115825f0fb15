// 离线体检的流程: 占住存储目录, 清点, 对照, 按需核对散列与修复, 报告。检查从不改动任何东西
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { lockStorage } from '../store/storage-lock.js';
import { checkFiles, type LoggedFiles } from './check-files.js';
import { checkHashes } from './check-hashes.js';
import type { Finding } from './findings.js';
import { examineHistory, mendJournal, resetIndex } from './history.js';
import { type Inventory, takeInventory } from './inventory.js';
import { repairAll } from './repair.js';
import { formatJson, formatReport, type Report } from './report.js';

export interface DoctorOptions {
  /** 存储目录 */
  readonly storage: string;
  readonly repair: boolean;
  /** 逐个核对 SHA-256 */
  readonly hashes: boolean;
  readonly json: boolean;
  /** 报告 */
  readonly print: (text: string) => void;
  /** 进度 */
  readonly progress: (text: string) => void;
}

/** 退出码: 0 没有问题, 1 有问题 (修复之后还剩的), 2 做不了 */
export async function runDoctor(options: DoctorOptions): Promise<0 | 1 | 2> {
  const { storage, json, print, progress } = options;
  try {
    await requireFolder(storage);
    const unlock = await lockStorage(storage);
    try {
      const report = await examineAndRepair(options);
      print(json ? formatJson(report) : formatReport(report));
      return report.findings.length === 0 ? 0 : 1;
    } finally {
      await unlock();
    }
  } catch (error) {
    progress(`体检做不了: ${error instanceof Error ? error.message : String(error)}`);
    return 2;
  }
}

async function examineAndRepair(options: DoctorOptions): Promise<Report> {
  const first = await examine(options, options.hashes);
  if (!options.repair) return first.report;
  const repaired = await repairAll(
    first.report.findings,
    {
      root: options.storage,
      logged: first.logged,
      fileName: (id) => first.inventory.files.get(id)?.name,
      resetIndex: () => resetIndex(path.join(options.storage, 'history')),
      mendJournal: (subject) => mendJournal(path.join(options.storage, 'history'), subject),
    },
    // 冒号在 Windows 的文件名里不合法
    new Date().toISOString().slice(0, 19).replaceAll(':', '-'),
  );
  const again = await examine(options, false);
  // 散列不必再算一遍: 修复不碰内容
  const kept = first.report.findings.filter(({ kind }) => kind === 'hash_mismatch');
  const findings = [...again.report.findings, ...kept];
  return { ...again.report, hashed: first.report.hashed, findings, repaired };
}

async function examine(
  { storage, progress }: DoctorOptions,
  hashed: boolean,
): Promise<{ report: Report; inventory: Inventory; logged: LoggedFiles }> {
  const history = examineHistory(path.join(storage, 'history'));
  const inventory = await takeInventory(storage);
  const findings: Finding[] = [
    // 还没有发过任何东西的目录, 没有数据库是正常的
    ...history.findings.filter(({ kind }) => kind !== 'database_missing' || inventory.files.size > 0),
    ...checkFiles(inventory, history.files),
    ...(hashed ? await checkHashes(storage, inventory, throttled(progress)) : []),
  ];
  const { files, uploads } = inventory;
  const counts = { files: files.size, messages: history.messages, uploads: uploads.size };
  return { report: { storage, counts, hashed, findings }, inventory, logged: history.files ?? new Map() };
}

// 每百分之一报一次, 不刷屏
function throttled(progress: (text: string) => void): (done: number, total: number) => void {
  let shown = 0;
  return (done, total) => {
    const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
    if (percent === shown) return;
    shown = percent;
    progress(`核对 SHA-256: ${percent}%`);
  };
}

async function requireFolder(storage: string): Promise<void> {
  const found = await stat(storage).catch(() => undefined);
  if (found?.isDirectory() !== true) throw new Error(`没有存储目录 ${storage}`);
}
