import { agentHost } from "../../agent/agent_host.ts";
import { IN_WORKER } from "./entry_module.ts";
import type { ModuleSource } from "./module_source.ts";
import { OwnModules } from "./own_modules.ts";
import { ReceivedModules } from "./received_modules.ts";

const agent = agentHost();
const own = agent === undefined ? new OwnModules() : undefined;
if (!IN_WORKER) await own?.ready;

/** The source of this process's modules. */
export const modulesHere: ModuleSource = own ?? new ReceivedModules(agent!);
