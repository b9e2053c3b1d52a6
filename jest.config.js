/** Tiers: unit (no privileges), integration (real nats-server and ClickHouse engine), lab (network namespaces, root). */
const common = {
  testEnvironment: "node",
  extensionsToTreatAsEsm: [".ts"],
  moduleNameMapper: { "^(\\.{1,2}/.*)\\.js$": "$1" },
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      { jsc: { parser: { syntax: "typescript" }, target: "es2022" }, module: { type: "es6" } },
    ],
  },
};
export default {
  // One at a time: the lab tests look at all processes of the machine, and need its cores.
  maxWorkers: 1,
  // Programs start and stop in the tests and their hooks, on machines that have other work, too.
  testTimeout: 60_000,
  projects: [
    {
      ...common,
      displayName: "unit",
      testMatch: ["<rootDir>/test/{shared,agent,coordinator,deploy,fuzz}/**/*.test.ts"],
    },
    { ...common, displayName: "integration", testMatch: ["<rootDir>/test/integration/**/*.test.ts"] },
    { ...common, displayName: "lab", testMatch: ["<rootDir>/test/lab/**/*.test.ts"] },
  ],
};
