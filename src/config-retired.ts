// 不再使用的设置: 留在文件, 环境变量或参数里的忽略掉, 各提醒一次; 从不因此拒绝启动

/** 一项不再使用的设置 */
export interface RetiredSetting {
  readonly path: string;
  /** 曾用的环境变量 */
  readonly env: string;
  /** 曾用的命令行参数, 带 -- */
  readonly flag: string;
  /** 从哪个版本起不再使用 */
  readonly since: string;
  /** 现在怎么办: 换成了哪一项, 或为什么不必再设 */
  readonly instead: string;
}

/**
 * 从 SCHEMA 里去掉一项时, 在这里添一行。至少留到 since 的下一个大版本结束 (1.3 起不用的, 留到 3.0):
 * 升级的人不必先改完配置才能启动
 */
export const RETIRED: readonly RetiredSetting[] = [];

/** 这一次启动里遇到的一项 */
export interface RetiredNotice {
  readonly path: string;
  /** 写在哪些地方, 例如 "环境变量 SLUICE_X" */
  readonly origins: readonly string[];
  /** 给管理员看的一行中文 */
  readonly text: string;
}

/** 一项设置无论写在几处, 只有一条。met: 路径 -> 写着它的各处 */
export function retiredNotices(
  retired: readonly RetiredSetting[],
  met: ReadonlyMap<string, readonly string[]>,
): RetiredNotice[] {
  return retired.flatMap(({ path, since, instead }) => {
    const origins = met.get(path) ?? [];
    if (origins.length === 0) return [];
    const text = `设置 ${path} 从 ${since} 起不再使用, 已忽略 (${origins.join(', ')}): ${instead}`;
    return [{ path, origins, text }];
  });
}
