// 离线体检的流程: 占住存储目录, 清点, 对照, 按需核对散列与修复, 报告。检查从不改动任何东西
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { explainStray } from '../store/disk-errors.js';
import { SUBFOLDERS } from '../store/storage-folder.js';
import { lockStorage } from '../store/storage-lock.js';
import { checkFiles, type LoggedFiles } from './check-files.js';
import { checkHashes } from './check-hashes.js';
import { checkMarks, settleMarks } from './check-marks.js';
import { EXPLANATIONS, type Finding, type FindingKind } from './findings.js';
import { examineHistory, mendJournal, resetIndex } from './history.js';
import { type Inventory, takeInventory } from './inventory.js';
import { findMisplaced, isFolder } from './misplaced.js';
import { type Repaired, repairAll } from './repair.js';
import { formatJson, formatReport, type Report } from './report.js';

// 修复至多几遍: 一处牵出另一处, 不会更深
const MAX_PASSES = 3;
// 有几个子目录就算存储目录: 备份里恢复的可能不全
const MIN_SUBFOLDERS = 2;
const LOG_LOST: ReadonlySet<FindingKind> = new Set(['history_lost', 'database_damaged']);
// 由日志重建得了的, 没有日志就只会被移走
const NEEDS_LOG: ReadonlySet<FindingKind> = new Set(['file_without_meta', 'meta_unreadable']);
const NEEDS_FILES: ReadonlySet<FindingKind> = new Set(['meta_without_file', 'thumb_without_file']);

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
      return report.findings.some((finding) => !isSettled(finding, options)) ? 1 : 0;
    } finally {
      await unlock();
    }
  } catch (error) {
    const known = explainStray(error);
    progress(`体检做不了: ${known instanceof Error ? known.message : String(known)}`);
    return 2;
  }
}

// 修复之后, 不必修复的不再算问题
function isSettled({ kind }: Finding, { repair }: DoctorOptions): boolean {
  return repair && EXPLANATIONS[kind].harmless === true;
}

async function examineAndRepair(options: DoctorOptions): Promise<Report> {
  const first = await examine(options, options.hashes);
  if (!options.repair) return first.report;
  if (options.hashes) await settleMarks(options.storage, first.report.findings);
  // 冒号在 Windows 的文件名里不合法
  const date = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  const repaired: Repaired[] = [];
  let again = first;
  // 修好一处可能露出另一处: 记录移走之后, 它的数据就没有了记录
  for (let pass = 0; pass < MAX_PASSES; pass += 1) {
    const done = await repairOnce(options, again, date);
    if (done.length === 0) break;
    repaired.push(...done);
    again = await examine(options, false);
  }
  // 散列不必再算一遍: 修复不碰内容
  const kept = first.report.findings.filter(({ kind }) => kind === 'hash_mismatch');
  const others = again.report.findings.filter(({ kind }) => kind !== 'hash_mismatch');
  return { ...again.report, hashed: first.report.hashed, findings: [...others, ...kept], repaired };
}

function repairOnce(options: DoctorOptions, examined: Examined, date: string): Promise<Repaired[]> {
  return repairAll(
    examined.report.findings.filter((finding) => isSafeToRepair(finding, options, examined.report)),
    {
      root: options.storage,
      logged: examined.logged,
      fileName: (id) => examined.inventory.files.get(id)?.name,
      resetIndex: () => resetIndex(path.join(options.storage, 'history')),
      mendJournal: (subject) => mendJournal(path.join(options.storage, 'history'), subject),
    },
    date,
  );
}

// 另一半没有了的时候, 这一半不动: 恢复备份之后它们又对得上
function isSafeToRepair({ kind }: Finding, { storage }: DoctorOptions, { findings }: Report): boolean {
  const isLogLost = findings.some((finding) => LOG_LOST.has(finding.kind));
  if (isLogLost && NEEDS_LOG.has(kind)) return false;
  return !NEEDS_FILES.has(kind) || isFolder(path.join(storage, 'files'));
}

interface Examined {
  readonly report: Report;
  readonly inventory: Inventory;
  readonly logged: LoggedFiles;
}

async function examine({ storage, progress }: DoctorOptions, hashed: boolean): Promise<Examined> {
  const history = examineHistory(path.join(storage, 'history'));
  const inventory = await takeInventory(storage);
  const findings: Finding[] = [
    // 在前: 修复先把它们移走, 后面的才有地方重建
    ...findMisplaced(storage),
    // 还没有发过任何东西的目录, 没有数据库是正常的
    ...history.findings.filter(({ kind }) => kind !== 'database_missing' || inventory.files.size > 0),
    ...checkFiles(inventory, history.files),
    // 读过一遍的, 以读到的为准
    ...(hashed
      ? await checkHashes(storage, inventory, throttled(progress))
      : await checkMarks(storage, inventory)),
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

/** 错误: 没有, 或不是存储目录 (一行中文) */
export async function requireFolder(storage: string): Promise<void> {
  const found = await stat(storage).catch(() => undefined);
  if (found?.isDirectory() !== true) throw new Error(`没有存储目录 ${storage}`);
  // 写错了路径不该显得健康: 服务器一启动就把几个子目录都建好了
  const present = SUBFOLDERS.filter((name) => existsSync(path.join(storage, name)));
  if (present.length < MIN_SUBFOLDERS)
    throw new Error(`${storage} 不是水闸的存储目录 (里面没有 ${SUBFOLDERS.join(', ')} 这些子目录)`);
}
