// npm run build: 不管有没有变化都重新构建
import { ensureBuilt, ensureDependencies, main } from './lib.mjs';

await main(async () => {
  await ensureDependencies();
  await ensureBuilt({ force: true });
});
