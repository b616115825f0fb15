// 打包时填入的常量 (scripts/build-web.mjs)

/** Worker 的名字 (文件名去掉 .worker.ts) -> 带散列的 URL */
declare const WORKER_URLS: Readonly<Record<string, string>>;
