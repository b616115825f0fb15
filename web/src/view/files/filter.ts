// 文件面板的条件用在已经取来的与正在上传的文件上: 服务器答复之前先看得到; 写法与服务器相同
import { FILE_GROUPS, type FileGroup, kindOf } from '../../../../src/protocol/file-kind.js';
import type { FileBroadcast } from '../../../../src/protocol/messages.js';
import { criteriaOf, matches, type Searched } from '../../../../src/protocol/search-query.js';
import { fold } from '../../../../src/protocol/text-fold.js';
import type { FileFilter } from '../../model/file-finder.js';

export const GROUPS = ['all', ...FILE_GROUPS] as const;
export type ChosenGroup = FileGroup | 'all';

// 每敲一个字要比几千个文件: 折叠的结果随文件一起留着
const known = new WeakMap<Findable, Searched>();

/** 文件, 或正在上传的文件 (那时还不知道 MIME, 时间是现在) */
export type Findable = Pick<FileBroadcast, 'originalName' | 'name'> &
  Partial<Pick<FileBroadcast, 'mimeType' | 'time'>>;

export function filterOf(text: string, chosen: ChosenGroup): FileFilter {
  const query = text.trim();
  return chosen === 'all' ? { query } : { query, group: chosen };
}

export function isSameFilter(one: FileFilter, other: FileFilter): boolean {
  return one.query === other.query && one.group === other.group;
}

/** 什么都不限时原样返回 */
export function filterFiles<T extends Findable>(
  files: readonly T[],
  { query, group }: FileFilter,
): readonly T[] {
  if (query === '' && group === undefined) return files;
  const criteria = criteriaOf(query, { kind: 'file', ...(group && { group }) });
  return files.filter((file) => matches(criteria, searchedOf(file)));
}

function searchedOf(file: Findable): Searched {
  const before = known.get(file);
  if (before !== undefined) return before;
  const { originalName, name, mimeType = '', time = Date.now() } = file;
  const folded = [fold(originalName), fold(name)] as const;
  const searched = { body: originalName, name, time, kind: kindOf(mimeType, originalName), folded };
  known.set(file, searched);
  return searched;
}
