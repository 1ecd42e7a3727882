import js from '@eslint/js';
import jupyter from '@jupyter/eslint-plugin';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['lib/**', 'codesyncx_server/labextension/**', 'labextension/style/*.js'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    plugins: { jupyter },
    languageOptions: {
      parserOptions: {
        project: './tsconfig.eslint.json',
        tsconfigRootDir: import.meta.dirname
      }
    },
    rules: {
      // Template literals of numbers are plain and safe.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Signal handlers and lifecycle hooks are arrow shorthands throughout JupyterLab.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // Lumino's tokens pair an interface with a const of the same name.
      '@typescript-eslint/no-redeclare': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }]
    }
  }
);
