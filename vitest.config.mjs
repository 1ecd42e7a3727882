import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Packages in .venv bring tests of their own.
    include: ['labextension/src/**/*.test.ts'],
    // A busy machine may take its time.
    testTimeout: 60_000
  }
});
