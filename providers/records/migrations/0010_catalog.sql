-- What a shop sells and what its documents say. Rows of account '*' are for every account of the platform, of
-- platform '*' for every platform; the narrowest shelf that holds something is the one an account uses.

CREATE TABLE shelves (
    kind       text        NOT NULL CHECK (kind IN ('catalog', 'knowledge')),
    platform   text        NOT NULL,
    account    text        NOT NULL,
    things     bigint      NOT NULL DEFAULT 0, -- rows that can be found
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (kind, platform, account)
);

-- `terms` is written by us (providers/search): PostgreSQL has no Ukrainian dictionary, and its locale may know no Cyrillic.
CREATE TABLE catalog (
    platform    text        NOT NULL,
    account     text        NOT NULL,
    sku         text        NOT NULL,
    product     text        NOT NULL,
    place       bigint      NOT NULL, -- the shop's own order
    title       text        NOT NULL,
    description text        NOT NULL DEFAULT '',
    category    text        NOT NULL DEFAULT '',
    colour      text        NOT NULL DEFAULT '',
    size        text        NOT NULL DEFAULT '',
    price       numeric     NOT NULL CHECK (price >= 0),
    currency    text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    stock       integer     CHECK (stock >= 0), -- NULL: nobody counts
    image_url   text        NOT NULL DEFAULT '',
    url         text        NOT NULL DEFAULT '',
    attributes  jsonb       NOT NULL DEFAULT '{}',
    terms       tsvector    NOT NULL,
    updated_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (platform, account, sku)
);
CREATE INDEX idx_catalog_product ON catalog (platform, account, product, place);
CREATE INDEX idx_catalog_place ON catalog (platform, account, place);
-- The shelf stands in the index, so that one shop's search never walks through another's goods.
CREATE INDEX idx_catalog_terms ON catalog USING gin ((ARRAY[platform || ':' || account]), terms)
    WITH (fastupdate = off); -- written seldom, by imports, and read with every turn

CREATE TABLE knowledge_documents (
    platform    text        NOT NULL,
    account     text        NOT NULL,
    name        text        NOT NULL, -- its path below what was imported
    title       text        NOT NULL,
    digest      text        NOT NULL, -- of its bytes and of the way it is cut: the same is not imported again
    bytes       bigint      NOT NULL,
    imported_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (platform, account, name)
);
CREATE TABLE knowledge_chunks (
    platform  text     NOT NULL,
    account   text     NOT NULL,
    document  text     NOT NULL,
    number    integer  NOT NULL,
    section   text     NOT NULL DEFAULT '',
    text      text     NOT NULL,
    terms     tsvector NOT NULL,
    embedding real[],            -- of `embedder`; NULL: none was set
    embedder  text     NOT NULL DEFAULT '',
    PRIMARY KEY (platform, account, document, number),
    FOREIGN KEY (platform, account, document) REFERENCES knowledge_documents ON DELETE CASCADE
);
CREATE INDEX idx_knowledge_terms ON knowledge_chunks USING gin ((ARRAY[platform || ':' || account]), terms)
    WITH (fastupdate = off);

-- The words of a shelf, each under itself and under itself without one letter: a misspelt word meets its neighbours there.
CREATE TABLE shelf_words (
    kind     text    NOT NULL,
    platform text    NOT NULL,
    account  text    NOT NULL,
    slip     text    NOT NULL,
    word     text    NOT NULL,
    uses     integer NOT NULL, -- rows that hold the word
    PRIMARY KEY (kind, platform, account, slip, word),
    FOREIGN KEY (kind, platform, account) REFERENCES shelves ON DELETE CASCADE
);
