import js from '@eslint/js'
import globals from 'globals'

// TypeScript is checked by its own compiler, with every strict option on; this is for what runs as it is written.
export default [
  {
    ignores: [
      'dist/',
      'www/dist/',
      'target/',
      '.cache/',
      '.tools/',
      'docs/site/.staged/',
      '**/.next/',
      '**/node_modules/',
    ],
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    ...js.configs.recommended,
    languageOptions: { ecmaVersion: 2024, globals: { ...globals.node } },
    rules: {
      ...js.configs.recommended.rules,
      eqeqeq: 'error',
      'no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'no-var': 'error',
      'prefer-const': 'error',
      'object-shorthand': 'error',
    },
  },
  // Functions in these files also run in a page, where `baro` is the calendar.
  {
    files: ['tests/e2e/**', 'tests/react/**', 'benches/**'],
    languageOptions: {
      globals: {
        ...globals.browser,
        baro: 'readonly',
        heard: 'readonly',
        uncaught: 'readonly',
        makeCalendar: 'readonly',
        RealtimeCalendar: 'readonly',
      },
    },
  },
  // In these pages `heard` is what the calendar told, and the rest is what the page has besides.
  {
    files: ['tests/conformance/**'],
    languageOptions: {
      globals: {
        ...globals.browser,
        baro: 'readonly',
        heard: 'readonly',
        uncaught: 'readonly',
        makeCalendar: 'readonly',
        RealtimeCalendar: 'readonly',
        listenerTypes: 'readonly',
        wasmMemory: 'readonly',
      },
    },
  },
  // The pages of these tests keep in globals what is bound to the calendar, and what was seen of it.
  {
    files: ['tests/stores/**'],
    languageOptions: {
      globals: {
        ...globals.browser,
        ...Object.fromEntries(
          [
            'baro',
            'makeCalendar',
            'bindZustand',
            'createStore',
            'makeStore',
            'store',
            'seen',
            'before',
            'told',
            'calls',
            'own',
            'unbind',
            'bindApolloCache',
            'makeClient',
            'cache',
            'client',
            'asked',
            'queries',
            'fields',
            'gql',
            'watch',
            'roots',
            'titles',
            'layers',
            'empty',
          ].map((name) => [name, 'readonly']),
        ),
      },
    },
  },
  // What the programs in tests/e2e/original leave for the tests.
  {
    files: ['tests/e2e/original-*.test.mjs'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'CollaborationManager',
          'ConflictResolver',
          'OfflineManager',
          'RealtimeEventSync',
          'WebSocketManager',
          'broadcastCursor',
          'collaboration',
          'configure',
          'createEventWithSync',
          'ended',
          'managers',
          'offlineManager',
          'serverAddress',
          'sync',
          'toasts',
          'told',
          'useProjectStore',
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
]
