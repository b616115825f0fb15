// 位置上的东西不对: 应是文件的是文件夹, 应是文件夹的是文件; 只列出我们认得的名字, 别人放的不管
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { isSegment } from '../store/history/journal.js';
import { isDatabaseFile } from '../store/history/lost-history.js';
import { HISTORY_PROOF, SCRUB_RECORD, SUBFOLDERS } from '../store/storage-folder.js';
import type { Finding } from './findings.js';

const ROOT_FILES = [HISTORY_PROOF, SCRUB_RECORD];

/** 各子目录里归我们的名字 */
const OURS: Readonly<Record<(typeof SUBFOLDERS)[number], (name: string) => boolean>> = {
  // 只放已发布的文件
  files: () => true,
  meta: (name) => /\.(?:json|tmp)$/.test(name),
  partial: (name) => /\.(?:part|json|tmp)$/.test(name),
  thumbs: (name) => /\.(?:webp|tmp)$/.test(name),
  requests: (name) => /\.(?:json|tmp)$/.test(name),
  history: (name) => name === 'session.secret' || isDatabaseFile(name) || isSegment(name),
};

/** root 须是存储目录。错误: 系统错误 */
export function findMisplaced(root: string): Finding[] {
  const findings: Finding[] = ROOT_FILES.filter((name) => isFolder(path.join(root, name))).map((subject) => ({
    kind: 'not_a_file',
    subject,
  }));
  for (const folder of SUBFOLDERS) {
    const found = statSync(path.join(root, folder), { throwIfNoEntry: false });
    if (found === undefined) continue;
    if (!found.isDirectory()) findings.push({ kind: 'not_a_folder', subject: folder });
    else findings.push(...foldersIn(root, folder));
  }
  return findings;
}

/** 没有, 或是文件, 都是 false */
export function isFolder(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isDirectory() === true;
}

function foldersIn(root: string, folder: (typeof SUBFOLDERS)[number]): Finding[] {
  const entries = readdirSync(path.join(root, folder), { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && OURS[folder](entry.name))
    .map(({ name }) => ({ kind: 'not_a_file', subject: `${folder}/${name}` }));
}
