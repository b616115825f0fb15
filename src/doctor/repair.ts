// 修复: 能重建的重建, 没有主的移到 lost+found; 从不删除任何东西
import { copyFile, mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { explainDisk, isMissing } from '../store/disk-errors.js';
import { writeJson } from '../store/json-file.js';
import type { LoggedFiles } from './check-files.js';
import type { Finding, FindingKind } from './findings.js';

export interface RepairParts {
  readonly root: string;
  /** 消息日志里的文件; 没有日志则空 */
  readonly logged: LoggedFiles;
  /** 这个 id 在 files/ 里的名字 */
  readonly fileName: (id: string) => string | undefined;
  /** 清空搜索索引, 服务器会重建 */
  readonly resetIndex: () => void;
  /** 预写文件只留下收得下的各行 */
  readonly mendJournal: (subject: string) => void;
}

type Repair = (finding: Finding, parts: RepairParts, box: LostAndFound) => Promise<string>;

const move: Repair = ({ subject }, _parts, box) => box.take(subject);

const REPAIRS: { readonly [K in FindingKind]?: Repair } = {
  not_a_file: move,
  not_a_folder: move,
  leftover: move,
  meta_without_file: move,
  thumb_without_file: move,
  partial_without_journal: move,
  journal_without_partial: move,
  journal_unreadable: move,
  file_without_meta: async (finding, parts, box) =>
    (await rebuild(idOf(finding.subject), parts)) ?? box.take(finding.subject),
  meta_unreadable: async (finding, parts, box) => {
    const id = idOf(finding.subject);
    // 原件先移走: 万一人还认得出里面的字
    const moved = await box.take(finding.subject);
    const rebuilt = await rebuild(id, parts);
    const name = parts.fileName(id);
    if (rebuilt !== undefined || name === undefined) return `${moved}; ${rebuilt ?? '它没有文件'}`;
    return `${moved}; ${await box.take(`files/${name}`)}`;
  },
  index_damaged: async (_finding, { resetIndex }) => {
    resetIndex();
    return '搜索索引已清空, 服务器会在空闲时重建';
  },
  journal_damaged: async ({ subject }, { mendJournal }, box) => {
    const copied = await box.copy(subject);
    mendJournal(subject);
    return `${copied}; 只留下收得下的各行`;
  },
};

export interface Repaired {
  readonly finding: Finding;
  /** 做了什么 */
  readonly action: string;
}

/** 修得了的都修, 返回各做了什么; 修不了的不在结果里。date 形如 2026-01-02T03-04-05 */
export async function repairAll(
  findings: readonly Finding[],
  parts: RepairParts,
  date: string,
): Promise<Repaired[]> {
  const box = new LostAndFound(parts.root, date);
  const repaired: Repaired[] = [];
  for (const finding of findings) {
    const repair = REPAIRS[finding.kind];
    if (repair !== undefined) repaired.push({ finding, action: await repair(finding, parts, box) });
  }
  return repaired;
}

/** 由消息日志重建元数据; 日志不认得则 undefined */
async function rebuild(id: string, { root, logged }: RepairParts): Promise<string | undefined> {
  const stored = logged.get(id);
  if (stored === undefined) return undefined;
  await mkdir(path.join(root, 'meta'), { recursive: true });
  await writeJson(path.join(root, 'meta', `${id}.json`), { ...stored.record, ...stored.sentBy }, true);
  return `由消息日志重建了 meta/${id}.json`;
}

class LostAndFound {
  readonly #root: string;
  readonly #folder: string;

  constructor(root: string, date: string) {
    this.#root = root;
    this.#folder = path.join('lost+found', date);
  }

  /** 同一文件系统里改名, 名字与子目录照旧 */
  async take(subject: string): Promise<string> {
    const target = await this.#place(subject);
    try {
      await rename(path.join(this.#root, subject), path.join(this.#root, target));
    } catch (error) {
      if (!isMissing(error)) throw error;
      // 同一个文件可以有两条问题, 前一条已把它移走
      return '已经移走';
    }
    return `移到 ${target}`;
  }

  async copy(subject: string): Promise<string> {
    const target = await this.#place(subject);
    await copyFile(path.join(this.#root, subject), path.join(this.#root, target));
    return `复制到 ${target}`;
  }

  async #place(subject: string): Promise<string> {
    const target = path.join(this.#folder, subject);
    const folder = path.dirname(path.join(this.#root, target));
    await mkdir(folder, { recursive: true }).catch((error: unknown) => {
      throw explainDisk(error, folder);
    });
    return target;
  }
}

function idOf(subject: string): string {
  return path.basename(subject).split('.', 1)[0] ?? '';
}
