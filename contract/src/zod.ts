import { extendZodWithOpenApi } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';

extendZodWithOpenApi(z);

/** zod, extended by `openapi`, which describes a schema in the OpenAPI document. */
export { z };
