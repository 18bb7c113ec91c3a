//! An exported file, run by a runtime that is not ours, gives the logits of timm's own model.

mod exported;

use exported::{BATCH, CLASSES, SIZE};
use rexnet_testkit::uniform;
use rten_tensor::{AsView, Layout, NdTensor};

#[test]
fn rten_gives_timms_logits_for_every_family_that_timm_has() {
    let shape = [BATCH, 3, SIZE[0] as usize, SIZE[1] as usize];
    let pixels = NdTensor::from_data(shape, uniform("pixels", shape.iter().product(), -2.0, 2.0));
    for (name, wanted) in exported::of_timm() {
        let (_, bytes) = exported::file(&name, &[]);
        let model = rten::Model::load(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        let output = model.run_one(pixels.view().into(), None).unwrap_or_else(|error| panic!("{name}: {error}"));
        let logits: NdTensor<f32, 2> = output.try_into().expect("a matrix");
        assert_eq!(logits.shape(), [BATCH, CLASSES as usize], "{name}");
        exported::assert_close(&name, &logits.to_vec(), &wanted);
    }
}
