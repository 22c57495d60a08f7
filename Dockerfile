FROM python:3.13-slim

WORKDIR /opt/parley
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY . .
RUN pip install --no-cache-dir --no-deps ./protocol ./clients/python . \
    && useradd --system --no-create-home parley \
    && install -d -o parley -g parley -m 700 /var/lib/parley /srv/broker /srv/bridge /srv/keeper \
    && install -D -m 644 config/compose/parley.toml /etc/parley/parley.toml

USER parley
ENTRYPOINT ["/opt/parley/config/compose/entrypoint"]
CMD ["--help"]
