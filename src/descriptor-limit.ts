// 进程的描述符上限 (RLIMIT_NOFILE): 连接, 文件与数据库都占它; 太低就说明要加大什么, 不等用尽

/** 再低就连模块也载不全, 或者服务不了几个人 */
const MIN_DESCRIPTORS = 128;

/** 软上限 (Node 启动时已把它提到硬上限); 没有上限, 或平台没有这回事 (Windows) 时为 undefined */
export function descriptorLimit(): number | undefined {
  const report = process.report?.getReport() as
    | { userLimits?: { open_files?: { soft?: unknown } } }
    | undefined;
  const soft = report?.userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : undefined;
}

/** 不足以启动时的一行说明; 够用则 undefined */
export function descriptorComplaint(limit: number | undefined): string | undefined {
  if (limit === undefined || limit >= MIN_DESCRIPTORS) return undefined;
  return (
    `描述符上限 (ulimit -n) 只有 ${limit}, 至少要 ${MIN_DESCRIPTORS}: ` +
    '请加大它, 例如 ulimit -n 65536, systemd 的 LimitNOFILE=65536, docker run --ulimit nofile=65536'
  );
}
