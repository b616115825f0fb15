// 文件面板的搜索与分类; 纯函数

import { type FileKind, kindOf } from '../../../../src/protocol/file-kind.js';
import type { FileBroadcast } from '../../../../src/protocol/messages.js';

export const GROUPS = ['all', 'image', 'media', 'document', 'other'] as const;
export type FileGroup = (typeof GROUPS)[number];

const GROUP_OF: Readonly<Record<FileKind, Exclude<FileGroup, 'all'>>> = {
  image: 'image',
  audio: 'media',
  video: 'media',
  document: 'document',
  spreadsheet: 'document',
  presentation: 'document',
  archive: 'other',
  code: 'other',
  other: 'other',
};

// 每敲一个字要比几千个文件: 归一化的结果随文件一起留着
const normalized = new WeakMap<Findable, string>();

/** 文件, 或正在上传的文件 (那时还不知道 MIME) */
export type Findable = Pick<FileBroadcast, 'originalName' | 'name'> &
  Partial<Pick<FileBroadcast, 'mimeType'>>;

/** 空格隔开的词都要出现在名字或发送者里; 不分大小写, 全角半角算同一个 (NFKC) */
export function filterFiles<T extends Findable>(
  files: readonly T[],
  query: string,
  group: FileGroup,
): readonly T[] {
  const words = normalize(query)
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0 && group === 'all') return files;
  return files.filter((file) => inGroup(file, group) && words.every((word) => haystack(file).includes(word)));
}

function inGroup({ mimeType = '', originalName }: Findable, group: FileGroup): boolean {
  return group === 'all' || GROUP_OF[kindOf(mimeType, originalName)] === group;
}

function haystack(file: Findable): string {
  const known = normalized.get(file);
  if (known !== undefined) return known;
  // 换行不会出现在查询的词里: 名字的末尾与发送者的开头不会拼成一个匹配
  const text = normalize(`${file.originalName}\n${file.name}`);
  normalized.set(file, text);
  return text;
}

function normalize(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}
