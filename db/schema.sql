-- The schema that the migrations make, for reading and for bin/db/schema-load.
-- Made by bin/db/schema-dump from an empty database; do not edit.

CREATE FUNCTION public.users_unfold() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  new.handle_folded := null;
  new.name_folded := null;
  return new;
end
$$;

CREATE TABLE public.retired_handles (
    handle_hash bytea NOT NULL
);

CREATE TABLE public.schema_migrations (
    id integer NOT NULL,
    name character varying(255) NOT NULL,
    run_on timestamp without time zone NOT NULL
);

CREATE SEQUENCE public.schema_migrations_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.schema_migrations_id_seq OWNED BY public.schema_migrations.id;

CREATE TABLE public.users (
    uuid uuid DEFAULT gen_random_uuid() NOT NULL,
    handle text NOT NULL,
    email text,
    cognito_user_id text,
    display_name text NOT NULL,
    bio text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    signed_out_at timestamp with time zone,
    disabled_at timestamp with time zone,
    erased_at timestamp with time zone,
    erasure_finished_at timestamp with time zone,
    handle_folded text,
    name_folded text,
    tone smallint,
    CONSTRAINT users_tone_check CHECK (((tone >= 1) AND (tone <= 10)))
);

CREATE SEQUENCE public.users_tone
    AS smallint
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    MAXVALUE 10
    CACHE 1
    CYCLE;

ALTER SEQUENCE public.users_tone OWNED BY public.users.tone;

ALTER TABLE ONLY public.schema_migrations ALTER COLUMN id SET DEFAULT nextval('public.schema_migrations_id_seq'::regclass);

ALTER TABLE ONLY public.users ALTER COLUMN tone SET DEFAULT nextval('public.users_tone'::regclass);

ALTER TABLE ONLY public.retired_handles
    ADD CONSTRAINT retired_handles_pkey PRIMARY KEY (handle_hash);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (uuid);

CREATE UNIQUE INDEX users_cognito_user_id_key ON public.users USING btree (cognito_user_id);

CREATE UNIQUE INDEX users_email_key ON public.users USING btree (lower(email));

CREATE INDEX users_handle_folded ON public.users USING btree (handle_folded text_pattern_ops);

CREATE UNIQUE INDEX users_handle_key ON public.users USING btree (lower(handle));

CREATE INDEX users_name_folded ON public.users USING btree (name_folded text_pattern_ops);

CREATE INDEX users_unfinished_erasures ON public.users USING btree (erased_at) WHERE ((erased_at IS NOT NULL) AND (erasure_finished_at IS NULL));

CREATE INDEX users_unfolded ON public.users USING btree (uuid) WHERE ((handle_folded IS NULL) OR (name_folded IS NULL));

CREATE TRIGGER users_unfold BEFORE UPDATE ON public.users FOR EACH ROW WHEN ((((new.handle IS DISTINCT FROM old.handle) OR (new.display_name IS DISTINCT FROM old.display_name)) AND (NOT ((new.handle_folded IS DISTINCT FROM old.handle_folded) OR (new.name_folded IS DISTINCT FROM old.name_folded))))) EXECUTE FUNCTION public.users_unfold();

INSERT INTO public.schema_migrations (name, run_on) VALUES
    ('0001_users', now()),
    ('0002_erasure', now()),
    ('0003_search', now()),
    ('0004_reserved_handles', now()),
    ('0005_tones', now()),
    ('0006_first_tones', now());
