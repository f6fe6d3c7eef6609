/** See vulkan.mjs. */
export function vulkanEnvironment(): Promise<NodeJS.ProcessEnv>
