/** Layer rules: shared/ knows nobody; agent/ and coordinator/ never meet; generated types stay at the edge. */
module.exports = {
  forbidden: [
    {
      name: "shared-knows-nobody",
      severity: "error",
      from: { path: "^shared/" },
      to: { path: "^(agent|coordinator|deploy)/" },
    },
    {
      name: "agent-without-coordinator",
      severity: "error",
      from: { path: "^agent/" },
      to: { path: "^(coordinator|deploy)/" },
    },
    { name: "coordinator-without-agent", severity: "error", from: { path: "^coordinator/" }, to: { path: "^agent/" } },
    {
      name: "coordinator-uses-lab-only-in-demo",
      severity: "error",
      from: { path: "^coordinator/", pathNot: "^coordinator/(demo/|main\\.ts$)" },
      to: { path: "^deploy/" },
    },
    {
      name: "generated-only-at-the-edge",
      severity: "error",
      from: {
        path: "^(agent|coordinator|deploy|shared)/",
        pathNot:
          "^(agent/session/|coordinator/session/|shared/batch/|shared/generated/|shared/(probe|target)/kernel\\.ts$)",
      },
      to: { path: "^shared/generated/" },
    },
    // The page is bundled for browsers; of the programs it knows their documents, and words made of them.
    {
      name: "page-stands-alone",
      severity: "error",
      from: { path: "^(agent|coordinator|deploy|shared)/", pathNot: "^coordinator/dashboard/page/" },
      to: { path: "^coordinator/dashboard/page/" },
    },
    { name: "no-circular", severity: "error", from: {}, to: { circular: true } },
    { name: "nothing-imports-tests", severity: "error", from: { pathNot: "^test/" }, to: { path: "^test/" } },
    {
      name: "no-dev-dependency-in-product",
      severity: "error",
      from: {
        path: "^(agent|coordinator|shared|deploy)/",
        pathNot: "^(deploy/package/|deploy/bench/dashboard/|deploy/build-page\\.cjs$|coordinator/dashboard/page/)",
      },
      to: { dependencyTypes: ["npm-dev"] },
    },
    { name: "resolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^dist/" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "types", "default"] },
  },
};
